package journal

import (
	"io"

	"github.com/standardbeagle/brum/errors"
)

// readError is the system's and says nothing about the data.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

func isReadError(err error) bool {
	_, ok := errors.AsType[*readError](err)
	return ok
}

func readFull(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &readError{err}
}

// reader reads payloads of a journal's segments, in whatever order, best in the one in which
// they were written.
type reader struct {
	fs      fileSystem
	dir     string
	segment *segment
	file    file
	buf     []byte
	start   int64 // the offset of buf
}

const readAhead = 64 << 10

// payload returns size bytes at offset; end is how far the segment may be read. The result
// is valid until the next call.
func (r *reader) payload(s *segment, offset int64, size int, end int64) ([]byte, error) {
	if r.segment != s {
		r.close()
		f, err := r.fs.Open(s.path(r.dir))
		if err != nil {
			return nil, err
		}
		r.segment, r.file, r.start, r.buf = s, f, 0, r.buf[:0]
	}
	if offset < r.start || offset+int64(size) > r.start+int64(len(r.buf)) {
		n := int(min(max(int64(size), readAhead), end-offset))
		if n < size {
			return nil, io.ErrUnexpectedEOF
		}
		if cap(r.buf) < n {
			r.buf = make([]byte, n)
		}
		r.buf, r.start = r.buf[:n], offset
		if err := readFull(r.file, r.buf, offset); err != nil {
			r.buf = r.buf[:0]
			return nil, err
		}
	}
	i := int(offset - r.start)
	return r.buf[i : i+size : i+size], nil
}

func (r *reader) close() {
	if r.file != nil {
		_ = r.file.Close() // it was only read
	}
	r.file, r.segment = nil, nil
}
