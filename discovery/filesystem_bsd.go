//go:build darwin || freebsd

package discovery

import "golang.org/x/sys/unix"

func fileSystem(dir string) (name string, shared bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return "", false
	}
	return unix.ByteSliceToString(s.Fstypename[:]), s.Flags&unix.MNT_LOCAL == 0
}
