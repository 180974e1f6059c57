package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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
