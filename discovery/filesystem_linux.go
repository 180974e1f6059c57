package discovery

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// fileSystems names those that people use, by what statfs(2) says. What lies
// behind fuse is unknown; it may be another machine, as in virtual machines'
// shared folders.
var fileSystems = map[uint32]struct {
	name   string
	shared bool
}{
	unix.TMPFS_MAGIC:           {"tmpfs", false},
	unix.RAMFS_MAGIC:           {"ramfs", false},
	unix.EXT4_SUPER_MAGIC:      {"ext4", false},
	unix.XFS_SUPER_MAGIC:       {"xfs", false},
	unix.BTRFS_SUPER_MAGIC:     {"btrfs", false},
	0x2fc12fc1:                 {"zfs", false},
	unix.F2FS_SUPER_MAGIC:      {"f2fs", false},
	unix.OVERLAYFS_SUPER_MAGIC: {"overlay", false},
	unix.MSDOS_SUPER_MAGIC:     {"vfat", false},
	unix.NFS_SUPER_MAGIC:       {"nfs", true},
	unix.SMB_SUPER_MAGIC:       {"smb", true},
	unix.SMB2_SUPER_MAGIC:      {"smb2", true},
	unix.CIFS_SUPER_MAGIC:      {"cifs", true},
	unix.AFS_SUPER_MAGIC:       {"afs", true},
	unix.CODA_SUPER_MAGIC:      {"coda", true},
	unix.CEPH_SUPER_MAGIC:      {"ceph", true},
	unix.V9FS_MAGIC:            {"9p", true},
	unix.FUSE_SUPER_MAGIC:      {"fuse", true},
	0x786f4256:                 {"vboxsf", true},
	0x0bd00bd0:                 {"lustre", true},
	0x47504653:                 {"gpfs", true},
}

func fileSystem(dir string) (name string, shared bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return "", false
	}
	if known, ok := fileSystems[uint32(s.Type)]; ok {
		return known.name, known.shared
	}
	return fmt.Sprintf("%#x", uint32(s.Type)), false
}
