//go:build unix

package programlog

import (
	"os"
	"os/signal"
	"syscall"
)

// OutliveReaders has writes to standard output and error fail when their reader has gone away,
// until stop is called; else the program would be ended in the middle of what it does. The
// signal is caught and not ignored, since what is ignored stays so in the programs it starts.
func OutliveReaders() (stop func()) {
	signals := make(chan os.Signal, 1) // nobody receives
	signal.Notify(signals, syscall.SIGPIPE)
	return func() { signal.Stop(signals) }
}
