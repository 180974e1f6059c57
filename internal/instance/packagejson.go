package instance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxPackageJSON bounds what is read of a package.json.
const maxPackageJSON = 8 << 20

type packageJSON struct {
	Scripts        map[string]string `json:"scripts"`
	PackageManager string            `json:"packageManager"`
}

// readPackageJSON reads the one in dir; if there is none the error is fs.ErrNotExist.
func readPackageJSON(dir string) (*packageJSON, error) {
	path := filepath.Join(dir, "package.json")
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPackageJSON+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(data) > maxPackageJSON {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxPackageJSON)
	}
	var p packageJSON
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // which package managers skip, too
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	return &p, nil
}

// lockFiles say which package manager a project uses.
var lockFiles = []struct{ file, manager string }{
	{"bun.lock", "bun"},
	{"bun.lockb", "bun"},
	{"pnpm-lock.yaml", "pnpm"},
	{"yarn.lock", "yarn"},
	{"package-lock.json", "npm"},
	{"npm-shrinkwrap.json", "npm"},
}

// packageManager finds the package manager of the project in dir: named in a
// package.json, else by its lock file, in dir or, as in workspaces, above it, up
// to the repository's root. It is npm if nothing tells.
func packageManager(dir string) string {
	for {
		if p, err := readPackageJSON(dir); err == nil {
			name, _, _ := strings.Cut(p.PackageManager, "@")
			switch name {
			case "npm", "pnpm", "yarn", "bun":
				return name
			}
		}
		for _, l := range lockFiles {
			if exists(filepath.Join(dir, l.file)) {
				return l.manager
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir || exists(filepath.Join(dir, ".git")) {
			return "npm"
		}
		dir = parent
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
