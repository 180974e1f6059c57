package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/terminal"
)

func TestCalmedLines(t *testing.T) {
	for _, tt := range []struct{ in, colours, plain string }{
		{"plain\ttext", "plain\ttext", "plain\ttext"},
		{"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m", "red"},
		{"\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx", "x"},
		{"\x1b[2Jgone", "gone", "gone"},
		{"\x1b[?25l\x1b[1;31m\x1b(Bspinner", "\x1b[1;31mspinner", "spinner"}, // as npm prints
		{"\x1b]0;title\x07x", "x", "x"},
		{"\x1b[31\x07x\x1b", "x", "x"},
		{"\u009b2Jgone", "2Jgone", "2Jgone"}, // CSI in one character
		{"\x9b2J", "\ufffd2J", "\ufffd2J"},   // and in one byte
		{"größe 漢字", "größe 漢字", "größe 漢字"},
		{"a\rb\x7fc", "abc", "abc"},
	} {
		if got := calmed(tt.in, true); got != tt.colours {
			t.Errorf("%q with colours: %q, want %q", tt.in, got, tt.colours)
		}
		if got := calmed(tt.in, false); got != tt.plain {
			t.Errorf("%q without: %q, want %q", tt.in, got, tt.plain)
		}
	}
}

// The answer of a tool that reads logs holds what processes print.
func TestCalmedAnswers(t *testing.T) {
	in := "1 line\n\tdev-1 | \x1b]52;c;aGk=\x07\x1b[32mok\x1b[2J\n"
	if got, want := calmedLines(in, false), "1 line\n\tdev-1 | ok\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Nothing of an instance's own texts reaches the terminal as control, and without a palette
// there is none at all.
func TestStatusOfHostileNames(t *testing.T) {
	s := &api.Status{Instances: []api.Instance{{
		ID: "id\x1b[2J", Name: "web\nspoofed active", Directory: "/x\u009b", State: api.Retrying, LastError: "bad\x1b]0;t\x07",
	}}}
	var b bytes.Buffer
	if err := printStatus(&b, s, time.Now(), terminal.Palette{}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\u009b") || strings.Count(b.String(), "\n") != 3 {
		t.Errorf("printed %q", b.String())
	}
}

// Every state there is has a meaning in colour.
func TestEveryStateHasAColour(t *testing.T) {
	for _, s := range []api.State{api.Discovered, api.Connecting, api.Active, api.Suspect, api.Retrying, api.Stalled, api.Stopped} {
		if colourOf(s) == terminal.Plain {
			t.Errorf("%s is plain", s)
		}
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// What could not be printed must not pass for printed.
func TestPrintingFails(t *testing.T) {
	h := &api.History{Changes: []api.Change{{From: api.Connecting, To: api.Active}}}
	s := &api.Status{Instances: []api.Instance{{ID: "a", State: api.Active}}}
	for name, err := range map[string]error{
		"history": printHistory(fullDisk{}, h),
		"status":  printStatus(fullDisk{}, s, time.Now(), terminal.Palette{}),
		"calls":   printCalls(fullDisk{}, &api.Calls{}, time.Now()),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
