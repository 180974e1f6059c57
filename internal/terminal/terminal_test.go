package terminal

import (
	"bytes"
	"os"
	"testing"
)

func TestPaint(t *testing.T) {
	if got := (Palette{}).Paint(Red, "x"); got != "x" {
		t.Errorf("got %q without colours", got)
	}
	if got := (Palette{colours: true}).Paint(Red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("got %q", got)
	}
}

// Whatever is painted grows by the same length, or tables would lose their columns.
func TestPaintedTextsAlign(t *testing.T) {
	p := Palette{colours: true}
	for _, c := range []Colour{Plain, Red, Green, Yellow, Blue} {
		if got, want := len(p.Paint(c, "text")), len(p.Paint(Plain, "text")); got != want {
			t.Errorf("colour %d: %d bytes, want %d", c, got, want)
		}
	}
}

func TestFilesAndBuffersAreNoTerminals(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, w := range []any{f, new(bytes.Buffer), nil} {
		if Is(w) || PaletteFor(w).Colours() {
			t.Errorf("%T passes for a terminal", w)
		}
	}
}
