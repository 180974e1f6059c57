package limits

import (
	"fmt"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// FullError says that there is no room for something new. What is there goes on.
type FullError struct {
	What  string // of which there is no more, such as "instances"
	Limit string // such as "5" or "1 GiB"
	Way   string // how to get more
	After time.Duration
}

func (e *FullError) Error() string {
	return fmt.Sprintf("no room: %s are limited to %s (%s); try again in %v", e.What, e.Limit, e.Way, e.After)
}

// ErrorKind implements errors.Kinded.
func (e *FullError) ErrorKind() errors.Kind { return errors.Limit }

// ErrorRetryAfter says when to come back.
func (e *FullError) ErrorRetryAfter() time.Duration { return e.After }
