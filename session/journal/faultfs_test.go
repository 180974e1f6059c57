package journal

import (
	"os"
	"sync"
	"syscall"
)

// faultFS counts the steps that change a file system and lets at decide what becomes of each.
type faultFS struct {
	fileSystem
	mu   sync.Mutex
	step int
	at   func(step int, op string) fault
	ops  []string
}

type fault struct {
	part float64 // how much of a write is done first; other steps are done if it is 1
	err  error
	kill bool // afterwards
}

func (f *faultFS) do(op string, work func(part float64) error) error {
	f.mu.Lock()
	f.step++
	f.ops = append(f.ops, op)
	d := f.at(f.step, op)
	f.mu.Unlock()
	if d.err == nil && !d.kill {
		return work(1)
	}
	if d.part == 1 || op == "write" {
		if err := work(d.part); err != nil {
			return err
		}
	}
	if d.kill {
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		select {}
	}
	return d.err
}

func whole(work func() error) func(float64) error { return func(float64) error { return work() } }

func (f *faultFS) Create(name string) (c file, err error) {
	err = f.do("create", whole(func() (err error) { c, err = f.fileSystem.Create(name); return err }))
	return &faultFile{c, f}, err
}
func (f *faultFS) Append(name string) (c file, err error) {
	err = f.do("open", whole(func() (err error) { c, err = f.fileSystem.Append(name); return err }))
	return &faultFile{c, f}, err
}
func (f *faultFS) Rename(from, to string) error {
	return f.do("rename", whole(func() error { return f.fileSystem.Rename(from, to) }))
}
func (f *faultFS) Remove(name string) error {
	return f.do("remove", whole(func() error { return f.fileSystem.Remove(name) }))
}
func (f *faultFS) SyncDir(dir string) error {
	return f.do("syncdir", whole(func() error { return f.fileSystem.SyncDir(dir) }))
}

type faultFile struct {
	file
	fs *faultFS
}

func (f *faultFile) WriteAt(b []byte, at int64) (n int, err error) {
	err = f.fs.do("write", func(part float64) (err error) {
		n, err = f.file.WriteAt(b[:int(part*float64(len(b)))], at)
		return err
	})
	return n, err
}
func (f *faultFile) Sync() error { return f.fs.do("sync", whole(f.file.Sync)) }
func (f *faultFile) Close() error {
	if f.file == nil {
		return syscall.EBADF
	}
	return f.file.Close()
}
