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

	saving sync.Mutex // held while the file is written; taken before mu
	mu     sync.Mutex
	ids    []string // oldest first
}

// LoadStops reads the list kept at path; a missing file is an empty list.
func LoadStops(path string) (*Stops, error) {
	s := &Stops{path: path}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err != nil:
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

// set adds or removes id and saves the list. The list in memory is right even if that fails.
func (s *Stops) set(id string, stopped bool) error {
	s.saving.Lock()
	defer s.saving.Unlock()

	s.mu.Lock()
	i := slices.Index(s.ids, id)
	if (i >= 0) == stopped {
		s.mu.Unlock()
		return nil
	}
	if stopped {
		s.ids = append(s.ids, id)
		s.trim()
	} else {
		s.ids = slices.Delete(s.ids, i, i+1)
	}
	ids := slices.Clone(s.ids)
	s.mu.Unlock()

	if s.path == "" {
		return nil
	}
	data, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return replaceFile(s.path, data)
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
