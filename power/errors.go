package power

import (
	"fmt"

	"github.com/standardbeagle/brum/errors"
)

var (
	// ErrClosed: the monitor has been closed.
	ErrClosed = fmt.Errorf("power: monitor closed: %w", errors.Closed)
	// ErrOption: an option for New makes no sense.
	ErrOption = fmt.Errorf("power: bad option: %w", errors.Invalid)
)

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrOption, fmt.Sprintf(format, args...))
}
