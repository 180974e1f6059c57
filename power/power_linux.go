package power

import (
	"os"

	"github.com/standardbeagle/brum/power/internal/system"
)

// native is what this system offers. Logind tells of a sleep before it begins; the timerfd of
// every wake, and sooner, with or without D-Bus.
func native(o options) system.System {
	return system.System{
		Clock:    nativeClock(),
		Network:  rtnetlinkNetwork,
		MayPause: virtual(os.DirFS("/")),
		Backends: []system.Backend{
			logind{who: o.who}.backend(),
			timerfdWatch(openTimerfd),
			fallback(clockGap(o.poll)),
			rtnetlinkWatch(0),
			fallback(interfacePoll(o.poll)),
		},
	}
}
