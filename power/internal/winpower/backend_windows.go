package winpower

import (
	"context"
	"errors"

	"github.com/standardbeagle/brum/power/internal/system"
)

// Backend hints at sleep and wake. It is partial: where machines sleep with their network on
// (Modern Standby), Windows keeps some sleeps to itself.
func Backend(name string) system.Backend {
	return system.Backend{Name: name, Role: system.SleepRole, Partial: true, Run: run}
}

func run(ctx context.Context, sink system.Sink) error {
	refused := register()
	if refused == nil {
		return calledBack(ctx, sink)
	}
	if err := windowed(ctx, sink); err != nil {
		return errors.Join(refused, err)
	}
	return nil
}

// calledBack hears by the callback.
func calledBack(ctx context.Context, sink system.Sink) error {
	failed := make(chan error, 1)
	defer process.listeners.Add(hinting(sink, failed))()
	sink.Ready()
	return wait(ctx, sink, failed, nil)
}

// windowed hears by a window.
func windowed(ctx context.Context, sink system.Sink) error {
	failed := make(chan error, 1)
	w, err := openWindow(hinting(sink, failed))
	if err != nil {
		return err
	}
	defer w.close()
	sink.Ready()
	if err := wait(ctx, sink, failed, w.done); err != nil || ctx.Err() != nil {
		return err
	}
	if w.err != nil {
		return w.err
	}
	return errors.New("the window was destroyed")
}

// wait is for the end of ctx, a failure, or gone to be closed. The machine can be held up at any
// time until then.
func wait(ctx context.Context, sink system.Sink, failed <-chan error, gone <-chan struct{}) error {
	for {
		wanted, changed := sink.Hold()
		sink.Holding(wanted, nil)
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-gone:
			return nil
		case <-changed:
		}
	}
}
