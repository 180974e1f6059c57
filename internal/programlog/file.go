package programlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// maxFile is the size beyond which a log file is set aside when it is opened next.
const maxFile = 8 << 20

// Open opens a log file to append to it. One that has grown large is set aside before, as
// path with .1 behind it, over the one that lies there.
func Open(path string) (*os.File, error) {
	if fi, err := os.Stat(path); err == nil && fi.Mode().IsRegular() && fi.Size() > maxFile {
		if err := os.Rename(path, path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("log file: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log file: %w", err)
	}
	return f, nil
}
