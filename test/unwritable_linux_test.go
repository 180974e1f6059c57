//go:build integration

package test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// An instance whose discovery directory is on a disk that is full, then writable, gone, full
// again and read-only works on, says what is wrong and where, and is found again each time.
func TestA6_FullAndReadOnlyDisk(t *testing.T) {
	t.Parallel()
	needRoot(t, "mount", "nsenter", "sh")
	w := newWorld(t)
	run := filepath.Join(w.dir, "run")
	const full = `mount -t tmpfs -o size=64k,mode=700 none "$XDG_RUNTIME_DIR"
mkdir -m 700 -p "$XDG_RUNTIME_DIR/brummer/instances"
! cat /dev/zero > "$XDG_RUNTIME_DIR/filler" 2>/dev/null`
	instance := w.prepared(full, "brum-instance", "--name", "full", "--port", "0", "--quiet", "--", "sleep", "600")
	ownMounts(instance)
	log := w.logTo(instance)
	w.startLogged(instance, log)
	w.await("the complaint about the full disk", func() bool {
		return count(log(), "can't find this instance", "no space left", w.instances()) == 1
	})
	w.answers(log())
	mounted := view(instance, run)
	filler, dir := filepath.Join(mounted, "filler"), view(instance, w.instances())
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("left on the full disk: %v", left)
	}

	remove := func(path string) {
		t.Helper()
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	found := func() bool { return len(files(dir)) == 1 }
	remove(filler)
	w.await("the file, as there is room", found)

	remove(filepath.Dir(dir))
	w.await("the file, in a directory that was missing", found)

	w.await("the complaint about the full disk", func() bool {
		for _, path := range files(dir) {
			remove(path) // which makes room for another
		}
		fill(t, filler)
		return count(log(), "can't be written", "no space left", w.instances()) > 0
	})
	remove(filler)
	w.await("the file, as there is room again", found)
	w.await("that it is said", func() bool { return count(log(), "is written again", w.instances()) > 0 })

	remount := func(how string) {
		t.Helper()
		out, err := exec.Command("nsenter", "--mount", "--target", fmt.Sprint(instance.Process.Pid), "--", "mount", "-o", "remount,"+how, run).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	w.await("the complaint about the read-only disk", func() bool {
		if found() { // it was quicker than the remounting
			remount("rw")
			remove(files(dir)[0])
			remount("ro")
		}
		return count(log(), "can't be written", "read-only", w.instances()) > 0
	})
	w.answers(log())
	remount("rw")
	w.await("the file, as it may be written", found)
}

// startLogged is start for a program whose log goes into a file.
func (w *world) startLogged(cmd *exec.Cmd, log func() string) {
	w.t.Helper()
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Logf("%v:\n%s", cmd.Args, log())
		}
	})
	w.startAsIs(cmd)
}

// answers makes sure that the instance with that log works.
func (w *world) answers(log string) {
	w.t.Helper()
	_, address, _ := strings.Cut(log, `"msg":"listening","address":"`)
	address, _, _ = strings.Cut(address, `"`)
	resp, err := http.Get("http://" + address + "/health")
	if err != nil {
		w.t.Fatalf("%v\n%s", err, log)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.t.Errorf("status %d", resp.StatusCode)
	}
}

// fill writes to path until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := bytes.Repeat([]byte("x"), 1<<12)
	for n := 0; err == nil; n++ {
		if n > 1<<10 {
			t.Fatal("this disk does not become full")
		}
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Name() != ".discovery.lock" {
			names = append(names, e.Name())
		}
	}
	return names
}
