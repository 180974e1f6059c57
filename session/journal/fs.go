package journal

import (
	"io"
	"os"
)

// fileSystem is every step on which durability depends. Tests make each of them fail, stop
// halfway, or be forgotten by a power cut.
type fileSystem interface {
	// Create makes a file that does not exist yet.
	Create(name string) (file, error)
	// Append opens an existing file for writing.
	Append(name string) (file, error)
	// Open opens an existing file for reading.
	Open(name string) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	List(dir string) ([]string, error)
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Sync() error
}

type osFS struct{}

func (osFS) Create(name string) (file, error) {
	return open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}
func (osFS) Append(name string) (file, error) { return open(name, os.O_RDWR) }
func (osFS) Open(name string) (file, error)   { return open(name, os.O_RDONLY) }
func (osFS) Rename(from, to string) error     { return os.Rename(from, to) }
func (osFS) Remove(name string) error         { return os.Remove(name) }
func (osFS) SyncDir(dir string) error         { return syncDir(dir) }

func (osFS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

type osFile struct{ *os.File }

// open follows no link, and refuses what others could have written.
func open(name string, flags int) (file, error) {
	f, err := os.OpenFile(name, flags|openFlags, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = checkFile(name, info)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return osFile{f}, nil
}

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
