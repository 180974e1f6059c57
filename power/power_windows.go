package power

import (
	"github.com/standardbeagle/brum/power/internal/iphelper"
	"github.com/standardbeagle/brum/power/internal/system"
	"github.com/standardbeagle/brum/power/internal/winpower"
)

// native is what this system offers. Not all sleeps are told of, so clocks are looked at too.
func native(o options) system.System {
	return system.System{
		Clock:   nativeClock(),
		Network: stdNetwork,
		Backends: []system.Backend{
			winpower.Backend(string(Powrprof)),
			fallback(clockGap(o.poll)),
			iphelper.Notifications(string(IPHelper)),
			iphelper.AddressList(string(Winsock)),
			fallback(interfacePoll(o.poll)),
		},
	}
}
