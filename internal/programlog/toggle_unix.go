//go:build unix

package programlog

import (
	"os"
	"os/signal"
	"syscall"
)

// ToggleOnSignal lets SIGUSR1 toggle the level until stop is called.
func (l *Log) ToggleOnSignal() (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range signals {
			l.Toggle()
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}
