package discovery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// writer rewrites its file until it is killed, with content of many sizes.
func writer(args []string) error {
	r, err := Open(Config{Dir: args[0], Log: quiet()})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx := context.Background()
	reg, err := r.Register(ctx, sample(args[1], l.Addr().(*net.TCPAddr).Port))
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for n := 0; ; n++ {
		if err := reg.Update(ctx, func(i *Instance) { i.Name = strings.Repeat("x", 1+n*7919%100_000) }); err != nil {
			return err
		}
	}
}

func TestA2_killed_writers(t *testing.T) {
	const kills, lanes = 200, 4
	r := open(t, Config{})
	stop, read := make(chan struct{}), 0
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			read += checkFiles(t, r.Dir())
		}
	})
	var writers sync.WaitGroup
	for lane := range lanes {
		writers.Go(func() {
			for range kills / lanes {
				c := start(t, "writer", r.Dir(), fmt.Sprintf("w%d", lane))
				c.line()
				time.Sleep(rand.N(3 * time.Millisecond)) // die anywhere in a write
				c.Process.Kill()
				c.Wait()
			}
		})
	}
	writers.Wait()
	close(stop)
	reader.Wait()
	if read == 0 {
		t.Error("the reader saw no file")
	}
	checkFiles(t, r.Dir())

	temps := 0
	for _, name := range names(t, r.Dir()) {
		if strings.HasPrefix(name, tempPrefix) {
			temps++
			old := time.Now().Add(-time.Minute)
			if err := os.Chtimes(filepath.Join(r.Dir(), name), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if temps == 0 {
		t.Error("no writer was killed in the middle of a write")
	}
	watch(t, r)
	eventually(t, "orphans and files of the dead are removed", func() bool { return len(names(t, r.Dir())) == 0 })
	if got := r.Stats().TempsSwept; got != uint64(temps) {
		t.Errorf("swept %d of %d", got, temps)
	}
}

func TestA2_sweep_spares_the_living(t *testing.T) {
	r := open(t, Config{})
	gone := start(t, "probe", "1")
	gone.finish()
	for _, c := range []struct {
		name string
		age  time.Duration
		kept bool
	}{
		{fmt.Sprintf("%sp%d-1", tempPrefix, os.Getpid()), time.Minute, true},
		{fmt.Sprintf("%sp%d-2", tempPrefix, os.Getpid()), time.Hour, false},
		{fmt.Sprintf("%sp%d-3", tempPrefix, gone.Process.Pid), 0, true},
		{fmt.Sprintf("%sp%d-4", tempPrefix, gone.Process.Pid), time.Minute, false},
		{tempPrefix + "123456", time.Minute, true}, // a brummer's
		{tempPrefix + "123457", time.Hour, false},
		{"notes.txt", time.Hour, true},
		{".tmp-other", time.Hour, true},
	} {
		path := filepath.Join(r.Dir(), c.name)
		writeFile(t, path, "x")
		when := time.Now().Add(-c.age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		sweep(r.Dir(), time.Now())
		if exists(path) != c.kept {
			t.Errorf("%s, aged %v: kept %v", c.name, c.age, exists(path))
		}
	}
}

// A staged file that disappears is staged again.
func TestA2_swept_while_writing(t *testing.T) {
	r := open(t, Config{})
	reg := register(t, r, "a")
	unlock, err := r.locks.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	updated := make(chan error, 1)
	go func() { updated <- reg.Update(t.Context(), func(i *Instance) { i.Name = "new" }) }()
	eventually(t, "the update is staged", func() bool {
		staged, _ := filepath.Glob(filepath.Join(r.Dir(), tempPrefix+"*"))
		for _, path := range staged {
			os.Remove(path)
		}
		return len(staged) > 0
	})
	unlock()
	if err := <-updated; err != nil {
		t.Fatal(err)
	}
	if got, err := load(r.Dir(), "a"); err != nil || got.Name != "new" {
		t.Errorf("%q, %v", got.Name, err)
	}
}

func TestA2_unwritable(t *testing.T) {
	r := open(t, Config{})
	reg := register(t, r, "a")
	path := pathOf(r.Dir(), "a")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := reg.Heartbeat(t.Context())
	if file, ok := errors.AsType[*FileError](err); !ok || file.Path != path {
		t.Errorf("a directory in the file's place: %v", err)
	}
	if left := names(t, r.Dir()); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}
