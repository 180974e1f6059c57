package discovery

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

func fileSystem(dir string) (name string, shared bool) {
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(dir) + `\`)
	if err != nil {
		return "", false
	}
	var text [windows.MAX_PATH + 1]uint16
	if windows.GetVolumeInformation(root, nil, 0, nil, nil, nil, &text[0], uint32(len(text))) == nil {
		name = windows.UTF16ToString(text[:])
	}
	return name, windows.GetDriveType(root) == windows.DRIVE_REMOTE
}
