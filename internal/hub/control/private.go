package control

import (
	"os"
	"path/filepath"
)

// writePrivate puts a file in place, whole, that only its owner can read.
func writePrivate(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	name := f.Name()
	if err = ownerOnly(name); err == nil {
		_, err = f.Write(data)
	}
	if err == nil { // else the name may outlive a power cut, and what is in the file may not
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(name, path)
	}
	if err != nil {
		os.Remove(name)
	}
	return err
}
