package journal

import (
	"time"

	"github.com/standardbeagle/brum/errors"
)

// Where there are no file descriptors left, nothing was tried, and the same may work soon.
// So that is no reason to fail for good: a new segment is put off, and what can't be put off is
// tried again for a moment.
const (
	retries   = 20
	retryWait = 50 * time.Millisecond
	// overgrown is how many times its size a segment may grow to meanwhile.
	overgrown = 4
)

// scarce reports whether the system had no file descriptor or memory to give.
func scarce(err error) bool { return errors.Of(err) == errors.Limit }

// putOff reports whether a segment that could not be begun can wait, as the present one will do.
func (j *Journal) putOff(err error) bool {
	failed, ok := errors.AsType[*FailedError](err)
	return ok && failed.Op == "create" && scarce(err) && j.active != nil && j.active.end < overgrown*j.opts.SegmentBytes
}

// insist does what has to be done now.
func insist(f func() error) error {
	for try := 1; ; try++ {
		err := f()
		if !scarce(err) || try == retries {
			return err
		}
		time.Sleep(retryWait)
	}
}
