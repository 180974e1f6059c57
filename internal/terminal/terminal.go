// Package terminal tells whether a person is looking, and paints for him.
package terminal

import (
	"os"
	"strconv"
)

// Is reports whether w is a terminal that understands control sequences. Where they have to
// be switched on, they are from then on.
func Is(w any) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0 && understands(f)
}

// Colour of a text.
type Colour int

// The colours are those that a terminal's theme chooses.
const (
	Plain  Colour = 39
	Red    Colour = 31
	Green  Colour = 32
	Yellow Colour = 33
	Blue   Colour = 34
)

// Palette paints, or leaves texts alone. The zero Palette leaves them alone.
type Palette struct{ colours bool }

// PaletteFor paints if w is a terminal, unless the environment says NO_COLOR (see
// no-color.org).
func PaletteFor(w any) Palette { return Palette{Is(w) && os.Getenv("NO_COLOR") == ""} }

// Colours reports whether p paints.
func (p Palette) Colours() bool { return p.colours }

// Paint returns s in that colour. What is painted is longer by the same number of bytes
// whatever the colour, so that columns of painted texts can be aligned.
func (p Palette) Paint(c Colour, s string) string {
	if !p.colours {
		return s
	}
	return "\x1b[" + strconv.Itoa(int(c)) + "m" + s + "\x1b[0m"
}
