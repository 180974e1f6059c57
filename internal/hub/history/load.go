package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// closeFormerLife notes the end of a hub that could not do so itself.
func (f *file) closeFormerLife(alive time.Time) {
	events := f.book.events.list()
	for i := len(events) - 1; i >= 0; i-- {
		switch events[i].Kind {
		case api.EventHubEnd:
			return
		case api.EventHub:
			if alive.Before(events[i].At) {
				alive = events[i].At
			}
			r := &record{Event: &api.Event{At: alive, Kind: api.EventHubEnd, Detail: "killed"}}
			f.book.take(r)
			f.waiting = append(f.waiting, r)
			return
		}
	}
}

// read takes in the file, of one that is too large the end, and says how many lines made no
// sense and when it was last written.
func (f *file) read() (bad int, alive time.Time, err error) {
	fi, err := os.Lstat(f.path)
	if err != nil {
		return 0, alive, err
	}
	if !fi.Mode().IsRegular() { // a pipe would never end
		return 0, alive, fmt.Errorf("%s is no regular file", f.path)
	}
	in, err := os.Open(f.path)
	if err != nil {
		return 0, alive, err
	}
	defer in.Close()
	f.size = fi.Size()
	if skip := fi.Size() - 2*f.book.limits.file; skip > 0 {
		if _, err := in.Seek(skip, io.SeekStart); err != nil {
			return 0, alive, err
		}
		bad++ // the line that is cut there, at least
	}
	lines := bufio.NewReaderSize(in, f.book.limits.line)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == nil:
			if r, ok := decode(line); ok {
				f.book.take(r)
			} else {
				bad++
			}
		case errors.Is(err, bufio.ErrBufferFull):
			bad++
			if err := skipLine(lines); err != nil && err != io.EOF {
				return bad, fi.ModTime(), err
			}
		case err == io.EOF:
			if len(line) > 0 { // torn
				bad++
			}
			return bad, fi.ModTime(), nil
		default:
			return bad, fi.ModTime(), err
		}
	}
}

func skipLine(r *bufio.Reader) error {
	for {
		if _, err := r.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
