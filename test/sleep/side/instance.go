//go:build sleep && linux

package side

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Host is a brum-instance whose process counts.
type Host struct {
	*Program
	File []byte // which announces it
	Port int
	dir  string
}

// StartInstance starts an instance that keeps its files in dir and runs counter, and waits for
// its file.
func StartInstance(ctx context.Context, path, dir, counter string) (*Host, error) {
	h := &Host{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	found := filepath.Join(dir, "found")
	var err error
	h.Program, err = Run(nil, path, "--name", "counting", "--dir", dir, "--port", "0", "--discovery-dir", found,
		"--quiet", "--stop-grace", "100ms", "--log-level", "debug", "--", counter, CountCommand, h.quiet())
	if err != nil {
		return nil, err
	}
	err = until(ctx, "file of the instance", func() error {
		names, _ := filepath.Glob(filepath.Join(found, "*.json"))
		if len(names) != 1 {
			return fmt.Errorf("%d files", len(names))
		}
		h.File, err = os.ReadFile(names[0])
		return err
	})
	if err != nil {
		return h, err
	}
	var record struct{ Port int }
	err = json.Unmarshal(h.File, &record)
	h.Port = record.Port
	return h, err
}

func (h *Host) quiet() string { return filepath.Join(h.dir, "quiet") }

// Quiet makes the instance's process silent.
func (h *Host) Quiet() error { return os.WriteFile(h.quiet(), nil, 0o600) }

// Busy lets it count on.
func (h *Host) Busy() error {
	if err := os.Remove(h.quiet()); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
