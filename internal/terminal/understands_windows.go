package terminal

import (
	"os"

	"golang.org/x/sys/windows"
)

// understands switches control sequences on: consoles show them as text unless asked.
func understands(f *os.File) bool {
	h := windows.Handle(f.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(h, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
