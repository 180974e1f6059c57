package winpower

import (
	"fmt"

	"github.com/standardbeagle/brum/power/internal/system"
)

// event is what Windows says about power, with the numbers of WinUser.h.
type event uint32

const (
	suspend            event = 0x4
	resumeSuspend      event = 0x7 // after resumeAutomatic, once there is a user
	powerStatusChange  event = 0xa
	resumeAutomatic    event = 0x12 // after every sleep
	powerSettingChange event = 0x8013
)

var eventNames = map[event]string{
	suspend: "PBT_APMSUSPEND", resumeSuspend: "PBT_APMRESUMESUSPEND",
	powerStatusChange: "PBT_APMPOWERSTATUSCHANGE", resumeAutomatic: "PBT_APMRESUMEAUTOMATIC",
	powerSettingChange: "PBT_POWERSETTINGCHANGE",
}

func (e event) String() string {
	if name, ok := eventNames[e]; ok {
		return name
	}
	return fmt.Sprintf("power event %#x", uint32(e))
}

// hint says what an event means; zero is nothing. A user who turned up is no second wake, but a
// reason to look at the clocks, in case the first was never told.
func (e event) hint() system.HintKind {
	switch e {
	case suspend:
		return system.AboutToSleep
	case resumeAutomatic:
		return system.Woke
	case resumeSuspend:
		return system.Look
	}
	return 0
}

// broadcast is the window message that carries events.
const broadcast = 0x218 // WM_POWERBROADCAST

// Meaning says what an event with this number hints at; zero is nothing.
func Meaning(number uint32) system.HintKind { return event(number).hint() }
