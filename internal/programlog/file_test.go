package programlog

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOpenSetsALargeFileAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.log")
	for range 2 { // the second time there is one that was set aside
		if err := os.WriteFile(path, make([]byte, maxFile+1), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		for name, want := range map[string]int64{path: 0, path + ".1": maxFile + 1} {
			if fi, err := os.Stat(name); err != nil || fi.Size() != want {
				t.Errorf("%s: %v, %v", name, fi, err)
			}
		}
	}
}

func TestOpenAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.log")
	for _, s := range []string{"one\n", "two\n"} {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(s)
		f.Close()
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "one\ntwo\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Open(filepath.Join(path, "below")); err == nil {
		t.Error("opened a file below a file")
	}
}
