//go:build unix

package discovery

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/standardbeagle/brum/errors"
)

// openFlags keep a link from being followed and a named pipe from blocking.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func owner(info fs.FileInfo) (int, bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}

func checkPrivate(dir string, info fs.FileInfo) error {
	if uid, ok := owner(info); !ok || uid != os.Geteuid() {
		return &DirError{Path: dir, Problem: fmt.Sprintf("belongs to user %d and not to you (%d)", uid, os.Geteuid()), Fix: elsewhere}
	}
	if perm := info.Mode().Perm(); perm != 0o700 {
		return &DirError{Path: dir, Problem: fmt.Sprintf("has mode %#o, which is not 0700", perm),
			Fix: "look who has put what there, then run: chmod 700 " + dir}
	}
	return nil
}

func checkAbove(parent string) error {
	info, err := os.Stat(parent)
	if err != nil {
		return &DirError{Path: parent, Problem: "can't be read", Fix: elsewhere, Err: err}
	}
	uid, ok := owner(info)
	switch {
	case !ok || uid != os.Geteuid() && uid != 0:
		return &DirError{Path: parent, Problem: fmt.Sprintf("belongs to user %d and not to you (%d)", uid, os.Geteuid()), Fix: elsewhere}
	case info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0:
		return &DirError{Path: parent, Problem: "can be written by everyone", Fix: "run: chmod o-w " + parent}
	default:
		return nil
	}
}

// checkFile refuses what another user may have written.
func checkFile(_ string, info fs.FileInfo) error {
	if uid, ok := owner(info); !ok || uid != os.Geteuid() {
		return &errors.Error{Kind: errors.Permission, Err: fmt.Errorf("it belongs to user %d and not to you (%d)", uid, os.Geteuid())}
	}
	if info.Mode().Perm()&0o022 != 0 {
		return &errors.Error{Kind: errors.Permission, Err: fmt.Errorf("its mode %#o lets others write it", info.Mode().Perm())}
	}
	return nil
}

// restrict has nothing to do: the file was created with mode 0600.
func restrict(string) error { return nil }

// busy: a file that somebody reads can be replaced.
func busy(error) bool { return false }

// syncDir makes a rename durable where the file system can.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
