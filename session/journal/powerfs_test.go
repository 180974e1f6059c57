package journal

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"syscall"
)

// powerFS is a file system in memory that knows what a power cut leaves: what was synced for
// certain, of the rest whatever sectors and names chance has written out.
type powerFS struct {
	mu      sync.Mutex
	names   map[string]*inode // as programs see them
	durable map[string]*inode // as the last SyncDir left them
	rand    *rand.Rand
	left    int // steps until the power fails; then nothing works
	badSync int // counts down to the fsync that fails
}

type inode struct {
	data, durable []byte
	// lost: an fsync has failed. The system keeps showing what was written, takes it for
	// clean, and never writes it.
	lost bool
}

var errNoPower = &fs.PathError{Op: "power", Path: "fs", Err: io.ErrClosedPipe}

func newPowerFS(r *rand.Rand) *powerFS {
	return &powerFS{names: map[string]*inode{}, durable: map[string]*inode{}, rand: r}
}

// cut is what is there after the power has come back.
func (p *powerFS) cut() {
	const sector = 512
	names := maps.Clone(p.durable)
	for name, n := range p.names { // creations that were not synced
		if names[name] == nil && p.rand.IntN(2) == 0 {
			names[name] = n
		}
	}
	for name := range p.durable { // removals
		if p.names[name] == nil && p.rand.IntN(2) == 0 {
			delete(names, name)
		}
	}
	for _, n := range names {
		out := bytes.Clone(n.durable)
		if len(n.data) > len(out) && p.rand.IntN(3) > 0 { // the length may have been written first
			out = append(out, make([]byte, p.rand.IntN(len(n.data)-len(out)+1))...)
		}
		for i := 0; i < len(out); i += sector {
			if !n.lost && p.rand.IntN(2) == 0 {
				copy(out[i:min(i+sector, len(out))], n.data[i:])
			}
		}
		n.data, n.durable = bytes.Clone(out), out
	}
	p.names, p.durable = names, maps.Clone(names)
}

func (p *powerFS) use() error {
	if p.left--; p.left < 0 {
		return errNoPower
	}
	return nil
}

func (p *powerFS) Create(name string) (file, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.use(); err != nil {
		return nil, err
	}
	if p.names[name] != nil {
		return nil, fs.ErrExist
	}
	n := &inode{}
	p.names[name] = n
	return &powerFile{p, n}, nil
}

func (p *powerFS) Append(name string) (file, error) { return p.Open(name) }

func (p *powerFS) Open(name string) (file, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.names[name]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	return &powerFile{p, n}, nil
}

func (p *powerFS) Rename(from, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.use(); err != nil {
		return err
	}
	p.names[to] = p.names[from]
	delete(p.names, from)
	return nil
}

func (p *powerFS) Remove(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.use(); err != nil {
		return err
	}
	delete(p.names, name)
	return nil
}

func (p *powerFS) List(string) (names []string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.names {
		names = append(names, filepath.Base(name))
	}
	return names, nil
}

func (p *powerFS) SyncDir(string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.use(); err != nil {
		return err
	}
	p.durable = maps.Clone(p.names)
	return nil
}

type powerFile struct {
	fs *powerFS
	n  *inode
}

func (f *powerFile) ReadAt(b []byte, at int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return bytes.NewReader(f.n.data).ReadAt(b, at)
}

func (f *powerFile) WriteAt(b []byte, at int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.use(); err != nil {
		return 0, err
	}
	if grow := int(at) + len(b) - len(f.n.data); grow > 0 {
		f.n.data = append(f.n.data, make([]byte, grow)...)
	}
	return copy(f.n.data[at:], b), nil
}

func (f *powerFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.use(); err != nil {
		return err
	}
	if f.fs.badSync--; f.fs.badSync == 0 {
		f.n.lost = true
		return syscall.EIO
	}
	if !f.n.lost {
		f.n.durable = bytes.Clone(f.n.data)
	}
	return nil
}

func (f *powerFile) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.n.data)), nil
}

func (f *powerFile) Close() error { return nil }
