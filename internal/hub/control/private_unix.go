//go:build unix

package control

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ownerOnly has nothing to do: the mode says it.
func ownerOnly(string) error { return nil }

// PrivateDir makes dir if need be and checks that it is this user's alone.
func PrivateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return CheckPrivateDir(dir)
}

// CheckPrivateDir makes sure that dir is there and this user's alone.
func CheckPrivateDir(dir string) error {
	fi, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if err := checkPrivate(dir, fi); err != nil {
		return err
	}
	if !fi.IsDir() {
		return fmt.Errorf("%s is no directory", dir)
	}
	return nil
}

// checkPrivate makes sure that a file or directory is this user's, and nobody else's.
func checkPrivate(path string, fi fs.FileInfo) error {
	st, ok := fi.Sys().(*syscall.Stat_t)
	switch {
	case fi.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a symbolic link, which is not followed here", path)
	case ok && int(st.Uid) != os.Geteuid():
		return fmt.Errorf("%s belongs to another user (uid %d)", path, st.Uid)
	case fi.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s is open to other users (mode %v): chmod go= it", path, fi.Mode().Perm())
	}
	return nil
}
