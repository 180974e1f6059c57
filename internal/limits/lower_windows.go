package limits

import "errors"

// LowerFiles is not possible: Windows sets no limit.
func LowerFiles(uint64) (restore func() error, err error) { return nil, errors.ErrUnsupported }
