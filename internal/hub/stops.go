package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// maxStops bounds the list; beyond it the oldest is forgotten.
const maxStops = 1000

// Stops is the list of instances that the user disconnected. Kept in a file, it outlives
// the hub. Its methods may be called concurrently.
type Stops struct {
	path string

	saving  sync.Mutex // held while the file is written; taken before mu
	unsaved bool       // the file lacks something; with saving held
	mu      sync.Mutex
	ids     []string // oldest first
}

// LoadStops reads the list kept at path; a missing file is an empty list.
func LoadStops(path string) (*Stops, error) {
	s := &Stops{path: path}
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err == nil && !fi.Mode().IsRegular(): // a pipe would never end
		err = fmt.Errorf("%s is no regular file (remove it to start anew)", path)
	}
	if err != nil {
		return nil, fmt.Errorf("list of disconnected instances: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("list of disconnected instances: %w", err)
	}
	if err := json.Unmarshal(data, &s.ids); err != nil {
		return nil, fmt.Errorf("list of disconnected instances %s: %w (remove the file to start anew)", path, err)
	}
	s.trim()
	return s, nil
}

func (s *Stops) trim() { s.ids = s.ids[max(0, len(s.ids)-maxStops):] }

func (s *Stops) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.ids, id)
}

// set adds or removes id and saves the list. The list in memory is right even if that fails,
// and the next set tries again.
func (s *Stops) set(id string, stopped bool) error {
	s.saving.Lock()
	defer s.saving.Unlock()

	s.mu.Lock()
	i := slices.Index(s.ids, id)
	switch {
	case (i >= 0) == stopped && !s.unsaved:
		s.mu.Unlock()
		return nil
	case (i >= 0) == stopped:
	case stopped:
		s.ids = append(s.ids, id)
		s.trim()
	default:
		s.ids = slices.Delete(s.ids, i, i+1)
	}
	ids := slices.Clone(s.ids)
	s.mu.Unlock()

	if s.path == "" {
		return nil
	}
	data, err := json.Marshal(ids)
	if err == nil {
		err = replaceFile(s.path, data)
	}
	s.unsaved = err != nil
	return err
}

// replaceFile writes a file that only its owner can read; readers see the old or the new one.
func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
