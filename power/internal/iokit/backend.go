//go:build darwin || iokitfake

package iokit

import (
	"context"
	"fmt"
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// hookBudget is how long hooks may keep the machine from sleeping. The system would wait for
// thirty seconds; someone who closes the lid would not.
const hookBudget = 5 * time.Second

// backend hints at sleep and wake. Every poll it asks for a look at the clocks, since nobody
// tells of a machine that wakes for chores only.
func backend(name string, from libraries, poll time.Duration, witness *WakeTime) system.Backend {
	return system.Backend{
		Name: name, Role: system.SleepRole, AnnouncesWake: true,
		Run: func(ctx context.Context, sink system.Sink) error {
			if err := run(ctx, sink, from, poll, witness); err != nil {
				return fmt.Errorf("IOKit: %w", err)
			}
			return nil
		},
	}
}

func run(ctx context.Context, sink system.Sink, from libraries, poll time.Duration, witness *WakeTime) error {
	l := join(from)
	defer leave(l)
	select {
	case <-ctx.Done():
		return nil
	case <-l.done:
		return l.err
	case <-l.ready:
	}
	witness.Moved() // what was before does not count
	defer l.listeners.Add(func(m message, answer func()) { tell(sink, m, answer, witness) })()
	sink.Ready()

	t := time.NewTicker(poll)
	defer t.Stop()
	for {
		wanted, changed := sink.Hold()
		sink.Holding(wanted, nil)
		select {
		case <-ctx.Done():
			return nil
		case <-l.done:
			return l.err
		case <-changed:
		case <-t.C:
			sink.Report(system.Hint{Kind: system.Look})
		}
	}
}

// tell hands a message on. The machine waits only if somebody has something to do before it
// sleeps, and nobody is asked whether it may sleep at all.
func tell(sink system.Sink, m message, answer func(), witness *WakeTime) {
	hint := system.Hint{Kind: m.hint(m == hasPoweredOn && witness.Moved())}
	if wanted, _ := sink.Hold(); wanted && hint.Kind == system.AboutToSleep {
		hint.Ack, hint.Budget = answer, hookBudget
	} else {
		defer answer()
	}
	if hint.Kind != 0 {
		sink.Report(hint)
	}
}
