package iokit

import (
	"testing"

	"github.com/standardbeagle/brum/power/internal/system"
)

// The numbers are written out, so that a wrong constant shows.
func TestMessages(t *testing.T) {
	for _, c := range []struct {
		number uint32
		name   string
		answer bool
		hint   system.HintKind
		slept  system.HintKind // if there is proof of a sleep
	}{
		{0xe0000270, "CanSystemSleep", true, 0, 0},
		{0xe0000280, "SystemWillSleep", true, system.AboutToSleep, system.AboutToSleep},
		{0xe0000290, "SystemWillNotSleep", false, system.Canceled, system.Canceled},
		{0xe0000300, "SystemHasPoweredOn", false, system.Over, system.Woke},
		{0xe0000320, "SystemWillPowerOn", false, 0, 0},
		{0xe0000340, "message e0000340", false, 0, 0}, // SystemPagingOff
	} {
		m := message(c.number)
		if m.String() != c.name || m.wantsAnswer() != c.answer || m.hint(false) != c.hint || m.hint(true) != c.slept {
			t.Errorf("%#x: %v, answered %v, hints %d and %d; want %s, %v, %d and %d", c.number,
				m, m.wantsAnswer(), m.hint(false), m.hint(true), c.name, c.answer, c.hint, c.slept)
		}
	}
}
