//go:build unix

package journal

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep a link from being followed and a named pipe from blocking.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func checkOwner(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) != os.Geteuid() {
		return &AccessError{Path: path, Problem: "belongs to another user"}
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return &AccessError{Path: path, Problem: fmt.Sprintf("has mode %#o and is open to other users", perm)}
	}
	return nil
}

// restrict has nothing to do: the directory was made with mode 0700.
func restrict(string) error { return nil }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
