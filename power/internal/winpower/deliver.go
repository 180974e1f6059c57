package winpower

import (
	"fmt"
	"sync"
	"time"

	"github.com/standardbeagle/brum/power/internal/listeners"
	"github.com/standardbeagle/brum/power/internal/system"
)

const (
	// hookBudget is how long hooks may keep the machine awake: Windows waits for about 2 s.
	hookBudget = 1500 * time.Millisecond
	// patience is how long Windows is made to wait, whatever listeners do.
	patience = 1900 * time.Millisecond
)

// listener hears an event. If it is suspend it must call answer once, from wherever it likes;
// the machine does not sleep before. It must not wait for anything itself.
type listener func(e event, answer func())

// deliver tells all listeners. It returns to the system, which takes that for leave to sleep,
// when they have answered or patience is over.
func deliver(all []listener, e event) {
	if e != suspend {
		for _, tell := range all {
			tell(e, func() {})
		}
		return
	}
	done := make(chan struct{})
	answer := listeners.Countdown(len(all), func() { close(done) })
	for _, tell := range all {
		tell(e, sync.OnceFunc(answer))
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	}
}

// hinting is a listener that hands hints to a sink. Windows waits only if somebody has something
// to do before the machine sleeps. Below a callback are the system's frames, which no panic may
// reach: it comes out of failed, which has room for one.
func hinting(sink system.Sink, failed chan<- error) listener {
	return func(e event, answer func()) {
		defer func() {
			if p := recover(); p != nil {
				answer()
				select {
				case failed <- fmt.Errorf("a listener panicked at %v: %v", e, p):
				default:
				}
			}
		}()
		hint := system.Hint{Kind: e.hint()}
		if wanted, _ := sink.Hold(); wanted && hint.Kind == system.AboutToSleep {
			hint.Ack, hint.Budget = answer, hookBudget
		} else {
			defer answer()
		}
		if hint.Kind != 0 {
			sink.Report(hint)
		}
	}
}
