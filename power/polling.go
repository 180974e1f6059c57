package power

import (
	"context"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// ticking is a backend that gives the same hint again and again.
func ticking(name Source, role system.Role, hint system.HintKind, every time.Duration) system.Backend {
	return system.Backend{Name: string(name), Role: role, Run: func(ctx context.Context, sink system.Sink) error {
		t := time.NewTicker(every)
		defer t.Stop()
		sink.Ready()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-t.C:
				sink.Report(system.Hint{Kind: hint})
			}
		}
	}}
}

// clockGap looks at the clocks now and then. A sleep is noticed within every of its end, on the
// clock that Go's timers follow.
func clockGap(every time.Duration) system.Backend {
	return ticking(Clock, system.SleepRole, system.Look, every)
}

// interfacePoll looks at the interfaces now and then.
func interfacePoll(every time.Duration) system.Backend {
	return ticking(Poll, system.NetworkRole, system.NetworkChanged, every)
}

// fallback makes b run only where nothing better does.
func fallback(b system.Backend) system.Backend {
	b.Fallback = true
	return b
}
