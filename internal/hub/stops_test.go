package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestStopsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stops.json")
	s, err := LoadStops(path)
	if err != nil {
		t.Fatal(err)
	}
	var setting sync.WaitGroup
	for n := range 20 {
		setting.Go(func() {
			id := fmt.Sprint("i", n)
			for _, stopped := range []bool{true, true, false, n%2 == 0} {
				if err := s.set(id, stopped); err != nil {
					t.Error(err)
				}
			}
		})
	}
	setting.Wait()
	again, err := LoadStops(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		if id := fmt.Sprint("i", n); again.has(id) != (n%2 == 0) {
			t.Errorf("%s stopped: %v", id, again.has(id))
		}
	}
	if fi, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", fi.Mode(), err)
	}
}

func TestStopsAreBounded(t *testing.T) {
	s := &Stops{}
	for n := range 2 * maxStops {
		if err := s.set(fmt.Sprint(n), true); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.ids) != maxStops || !s.has(fmt.Sprint(2*maxStops-1)) || s.has("0") {
		t.Errorf("%d kept", len(s.ids))
	}
}

func TestStopsRefuseGarbage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stops.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadStops(path); err == nil {
		t.Error("no error")
	}
}

// What could not be saved is saved when somebody asks for the same again.
func TestStopsAreSavedAfterAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	path := filepath.Join(dir, "stops.json")
	s := &Stops{path: path}
	if err := s.set("a", true); err == nil || !s.has("a") {
		t.Fatalf("saved where no directory is: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.set("a", true); err != nil {
		t.Fatal(err)
	}
	if s, err := LoadStops(path); err != nil || !s.has("a") {
		t.Errorf("not saved: %v", err)
	}
}

func TestStopsAreNoDirectory(t *testing.T) {
	if _, err := LoadStops(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("%v", err)
	}
}
