package discovery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Files being written are .tmp-instance-p<pid>-<random>; brummer's lack the pid.
const tempPrefix = ".tmp-instance-"

// stage writes an instance to a temporary file, flushed, and returns its path.
func (r *Registry) stage(i Instance) (path string, err error) {
	data, err := encode(i)
	if err != nil {
		return "", err
	}
	file, err := r.config.createTemp(r.dir)
	if err != nil {
		return "", err
	}
	path = file.Name()
	if err = fill(file, data); err == nil {
		err = restrict(path)
	}
	if err != nil {
		_ = os.Remove(path)
		return "", err
	}
	return path, nil
}

// createTemp makes a new file with mode 0600.
func createTemp(dir string) (*os.File, error) {
	return os.CreateTemp(dir, fmt.Sprintf("%sp%d-*", tempPrefix, os.Getpid()))
}

func fill(file *os.File, data []byte) error {
	_, err := file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// publish puts the staged file in the place of the instance's file.
func publish(ctx context.Context, staged, path string) error {
	return whileBusy(ctx, func() error { return os.Rename(staged, path) })
}

// erase removes the instance's file. That it is gone already is no error.
func erase(ctx context.Context, path string) error {
	err := whileBusy(ctx, func() error { return os.Remove(path) })
	if missing(err) {
		return nil
	}
	return err
}

const (
	// A temporary file lives for milliseconds; a writer that finds its own
	// removed writes again.
	tempOfDead = 2 * time.Second  // its writer has ended
	tempOfAny  = 10 * time.Minute // its writer is unknown, stopped or elsewhere
)

// sweep removes the temporary files that killed writers left behind, and
// returns how many.
func sweep(dir string, now time.Time) int {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	swept := 0
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), tempPrefix) {
			continue
		}
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if orphaned(entry.Name(), now.Sub(info.ModTime())) && os.Remove(filepath.Join(dir, entry.Name())) == nil {
			swept++
		}
	}
	return swept
}

func orphaned(name string, age time.Duration) bool {
	pid, ok := writerOf(name)
	if ok && age > tempOfDead && !observe(pid).exists {
		return true
	}
	return age > tempOfAny
}

func writerOf(name string) (pid int, ok bool) {
	rest, ok := strings.CutPrefix(name, tempPrefix+"p")
	if !ok {
		return 0, false
	}
	number, _, ok := strings.Cut(rest, "-")
	if !ok {
		return 0, false
	}
	pid, err := strconv.Atoi(number)
	return pid, err == nil && pid > 0
}
