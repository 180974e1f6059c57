package journal

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// prepare makes the journal's directory, private to this user, or checks that it is.
func prepare(dir string) error {
	err := os.Mkdir(dir, 0o700)
	switch {
	case err == nil:
		if err := restrict(dir); err != nil {
			return err
		}
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return fmt.Errorf("journal: sync %s: %w", filepath.Dir(dir), err)
		}
	case !os.IsExist(err):
		return fmt.Errorf("journal: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if !info.IsDir() {
		return &AccessError{Path: dir, Problem: "is not a directory"}
	}
	return checkOwner(dir, info)
}

func checkFile(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return &AccessError{Path: path, Problem: "is not a regular file"}
	}
	return checkOwner(path, info)
}
