package winpower

import (
	"testing"

	"github.com/standardbeagle/brum/power/internal/system"
)

// The numbers are written out, so that a wrong constant shows.
func TestEvents(t *testing.T) {
	for _, c := range []struct {
		number uint32
		name   string
		hint   system.HintKind
	}{
		{0x4, "PBT_APMSUSPEND", system.AboutToSleep},
		{0x7, "PBT_APMRESUMESUSPEND", system.Look},
		{0xa, "PBT_APMPOWERSTATUSCHANGE", 0},
		{0x12, "PBT_APMRESUMEAUTOMATIC", system.Woke},
		{0x8013, "PBT_POWERSETTINGCHANGE", 0},
		{0x6, "power event 0x6", 0}, // PBT_APMRESUMECRITICAL, of Windows XP
	} {
		if e := event(c.number); e.String() != c.name || e.hint() != c.hint {
			t.Errorf("%#x: %v and hint %d, want %s and %d", c.number, e, e.hint(), c.name, c.hint)
		}
	}
	if broadcast != 0x218 {
		t.Errorf("WM_POWERBROADCAST is %#x", broadcast)
	}
}
