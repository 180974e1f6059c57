package main

import (
	"math"
	"testing"
	"time"
)

// TestScenarios runs those that other tests do not, briefly: each has figures for all that it
// compares, and nothing failed on the way.
func TestScenarios(t *testing.T) {
	chosen, err := findPeers("coder,brum")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{peers: chosen, rounds: 1, each: 50 * time.Millisecond, quick: true}
	if err := b.measure("resume,replay,durable,mcp"); err != nil {
		t.Fatal(err)
	}
	for figure, contenders := range map[string][]string{
		resumeFigure:                      {baseline, ours},
		replayFigure:                      {ours},
		replayNormal:                      {ours},
		durableFigure(128, 1):             {ours, committing, jetName},
		committedFigure(128, outstanding): {ours, committing, jetName},
		mcpFigure(16):                     {baseline, ours, "http", "stdio", "in-memory"},
	} {
		f := b.report.find(figure)
		if f == nil {
			t.Errorf("%s was not measured", figure)
			continue
		}
		for _, c := range contenders {
			if v := f.value(c); math.IsNaN(v) || v <= 0 {
				t.Errorf("%s of %s is %v", figure, c, v)
			}
		}
	}
}

func TestUnknownScenario(t *testing.T) {
	if err := (&bench{}).measure("no such scenario"); err == nil {
		t.Error("nothing was measured, without a word")
	}
}
