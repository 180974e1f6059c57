package discovery

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/standardbeagle/brum/errors"
)

// EnvDir is the environment variable that overrides the directory.
const EnvDir = "BRUM_DISCOVERY_DIR"

// Dir returns the directory of instance files: override if it is not empty,
// else that of $BRUM_DISCOVERY_DIR, else brummer/instances in $XDG_RUNTIME_DIR
// or, without one, in the directory for temporary files. It touches nothing.
func Dir(override string) (string, error) {
	dir := override
	if dir == "" {
		dir = os.Getenv(EnvDir)
	}
	if dir == "" {
		base := os.Getenv("XDG_RUNTIME_DIR")
		if !filepath.IsAbs(base) { // the specification: ignore a relative one
			base = os.TempDir()
		}
		dir = filepath.Join(base, "brummer", "instances")
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", &DirError{Path: dir, Problem: "can't be made absolute", Fix: "name it by an absolute path", Err: err}
	}
	return path, nil
}

// prepare creates dir if it is missing and checks that it is this user's own
// and closed to others. It returns what identifies the directory.
func prepare(dir string) (fs.FileInfo, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &DirError{Path: dir, Problem: "can't be created", Fix: elsewhere, Err: err}
	}
	return check(dir)
}

// Check says whether dir, which has to be there, can be used for instance files: a *DirError if
// not, which wraps fs.ErrNotExist if it is missing. It makes nothing; on Windows it closes a
// directory that others have access to, as Open does.
func Check(dir string) error {
	_, err := check(dir)
	return err
}

// check makes sure that dir is this user's own and closed to others.
func check(dir string) (fs.FileInfo, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, &DirError{Path: dir, Problem: "can't be read", Fix: elsewhere, Err: err}
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, &DirError{Path: dir, Problem: "is a symbolic link", Fix: elsewhere}
	case !info.IsDir():
		return nil, &DirError{Path: dir, Problem: "is not a directory", Fix: elsewhere}
	}
	// Whoever owns the directory above can put another one in the place of dir.
	if err := checkAbove(filepath.Dir(dir)); err != nil {
		return nil, err
	}
	return info, checkPrivate(dir, info)
}

const elsewhere = "remove it or set " + EnvDir + " to a directory of your own"

// pathOf returns the path of an instance's file.
func pathOf(dir, id string) string { return filepath.Join(dir, id+suffix) }

const suffix = ".json"

// idOf returns the id that a file's name stands for. Names that begin with a
// dot are the package's own.
func idOf(name string) (id string, ok bool) {
	if len(name) <= len(suffix) || name[0] == '.' || filepath.Ext(name) != suffix {
		return "", false
	}
	return name[:len(name)-len(suffix)], true
}

// missing reports whether err says that there is no such file.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
