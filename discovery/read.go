package discovery

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// maxFile is the largest file that is read.
const maxFile = 4 << 20

func tooLarge(size int64) error {
	return &errors.Error{Kind: errors.Limit, Persistence: errors.Permanent,
		Err: fmt.Errorf("it has %d bytes, above the limit of %d", size, maxFile)}
}

// load reads the file of instance id. The error is a *FileError, or one for
// which missing is true.
func load(dir, id string) (Instance, error) {
	path := pathOf(dir, id)
	data, err := content(path)
	if err != nil {
		return Instance{}, &FileError{Path: path, Err: err}
	}
	i, err := decode(data, id)
	if err != nil {
		return Instance{}, &FileError{Path: path, Err: err}
	}
	i.Local = whereAmI().host.shares(i.Host)
	return i, nil
}

// content reads a regular file of this user's.
func content(path string) ([]byte, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, notRegular(before.Mode())
	}
	var file *os.File
	err = whileBusy(context.Background(), func() (err error) {
		file, err = os.OpenFile(path, os.O_RDONLY|openFlags, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, notRegular(info.Mode())
	case info.Size() > maxFile:
		return nil, tooLarge(info.Size())
	}
	if err := checkFile(path, info); err != nil {
		return nil, err
	}
	var data bytes.Buffer
	data.Grow(int(info.Size()) + bytes.MinRead) // so that it is read at once
	_, err = data.ReadFrom(io.LimitReader(file, maxFile+1))
	if data.Len() > maxFile { // it grew since
		return nil, tooLarge(int64(data.Len()))
	}
	return data.Bytes(), err
}

// whileBusy repeats what fails because somebody has the file open, for a second
// at most.
func whileBusy(ctx context.Context, do func() error) error {
	const patience, pause = time.Second, 5 * time.Millisecond
	began := time.Now()
	for {
		err := do()
		if err == nil || !busy(err) || time.Since(began) > patience {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// version identifies one state of a file well enough for logging it once.
type version struct {
	size int64
	when time.Time
	mode fs.FileMode
}

func versionOf(path string) version {
	info, err := os.Lstat(path)
	if err != nil {
		return version{}
	}
	return version{info.Size(), info.ModTime(), info.Mode()}
}

// settled reports whether a later version of the file is certain to differ from
// this one: not within one tick of the file system's clock, of two seconds at most.
func settled(info fs.FileInfo, now time.Time) bool {
	return now.Sub(info.ModTime()) > 2*time.Second
}

func sameVersion(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}
