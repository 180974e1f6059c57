//go:build !linux && !darwin && !windows

package power

import "github.com/standardbeagle/brum/power/internal/system"

// native is what this system offers.
func native(o options) system.System {
	return system.System{
		Clock:   nativeClock(),
		Network: stdNetwork,
		Backends: []system.Backend{
			clockGap(o.poll),
			interfacePoll(o.poll),
		},
	}
}
