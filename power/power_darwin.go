package power

import (
	"golang.org/x/sys/unix"

	"github.com/standardbeagle/brum/power/internal/iokit"
	"github.com/standardbeagle/brum/power/internal/routesocket"
	"github.com/standardbeagle/brum/power/internal/system"
)

// native is what this system offers. IOKit tells of sleeps and full wakes, and looks for dark
// ones; without it, clocks and the kernel's memory of the last wake are looked at.
func native(o options) system.System {
	guest, err := unix.SysctlUint32("kern.hv_vmm_present")
	return system.System{
		Clock:    nativeClock(),
		Network:  stdNetwork,
		MayPause: err == nil && guest != 0,
		Backends: append(iokit.Backends(string(IOKit), string(Clock), o.poll),
			routesocket.Backend(string(RouteSock)),
			fallback(interfacePoll(o.poll)),
		),
	}
}
