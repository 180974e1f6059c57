//go:build integration && linux

package lab

import (
	"slices"
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/lab/internal/report"
)

// What is measured is what it is said to be.
func TestMeasure(t *testing.T) {
	base := time.Now()
	at := func(ms int) time.Time { return base.Add(time.Duration(ms) * time.Millisecond) }
	change := func(ms, session int, from, to string) report.Line {
		return report.Line{At: at(ms), Session: session, Change: &report.Change{From: from, To: to}}
	}
	lines := []report.Line{
		change(0, 0, "connecting", "active"), change(0, 1, "connecting", "active"), change(0, 2, "connecting", "active"),
		change(120, 0, "active", "suspect"), change(150, 0, "suspect", "retrying"), // cut off, back after the end
		change(130, 1, "active", "retrying"), change(180, 1, "retrying", "active"), // back before the end
		{At: at(190), Session: 0, Ledger: new(report.Ledger)},
		change(240, 0, "retrying", "active"),
		change(260, 0, "active", "suspect"), change(270, 0, "suspect", "active"),
		change(300, 2, "active", "retrying"), change(330, 2, "retrying", "active"), // noticed after the end
	}
	noticed, resumed := measure(lines, at(100), at(200))
	if want := (times{20e6, 30e6, 200e6}); !slices.Equal(noticed, want) {
		t.Errorf("noticed %v, want %v", []time.Duration(noticed), []time.Duration(want))
	}
	if want := (times{40e6, 130e6}); !slices.Equal(resumed, want) {
		t.Errorf("resumed %v, want %v", []time.Duration(resumed), []time.Duration(want))
	}
	if got, want := outages(lines), (times{50e6, 90e6, 30e6}); !slices.Equal(got, want) {
		t.Errorf("outages %v, want %v", []time.Duration(got), []time.Duration(want))
	}
}
