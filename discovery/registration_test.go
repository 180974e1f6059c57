package discovery

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/standardbeagle/brum/errors"
)

const rounds = 20

func churnID(process, round int) string { return fmt.Sprintf("p%d-r%d", process, round) }

// churn registers, updates and unregisters; every second instance stays until
// the parent has looked.
func churn(args []string) error {
	process, _ := strconv.Atoi(args[1])
	r, err := Open(Config{Dir: args[0], Log: quiet()})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx := context.Background()
	var kept []*Registration
	for round := range rounds {
		reg, err := r.Register(ctx, sample(churnID(process, round), l.Addr().(*net.TCPAddr).Port))
		if err != nil {
			return err
		}
		if err := reg.Update(ctx, func(i *Instance) { i.Name = "updated" }); err != nil {
			return err
		}
		if round%2 == 1 {
			kept = append(kept, reg)
		} else if err := reg.Unregister(ctx); err != nil {
			return err
		}
	}
	fmt.Println("done")
	<-stdinClosed
	for _, reg := range kept {
		if err := reg.Unregister(ctx); err != nil {
			return err
		}
	}
	return nil
}

func TestA1_many_processes(t *testing.T) {
	r := open(t, Config{})
	children := make([]*child, manyProcesses)
	for n := range children {
		children[n] = start(t, "churn", r.Dir(), strconv.Itoa(n))
	}

	stop, read := make(chan struct{}), 0
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond): // leave the processors to the writers
			}
			read += checkFiles(t, r.Dir())
		}
	})
	for _, c := range children {
		if got := c.line(); got != "done" {
			t.Errorf("the child said %q", got)
		}
	}
	close(stop)
	reader.Wait()

	var want []string
	for process := range children {
		for round := 1; round < rounds; round += 2 {
			want = append(want, churnID(process, round))
		}
	}
	list, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, i := range list {
		got[i.ID] = i.Name
	}
	if len(got) != len(want) {
		t.Errorf("%d instances, want %d", len(got), len(want))
	}
	for _, id := range want {
		if got[id] != "updated" {
			t.Errorf("%s is %q", id, got[id])
		}
	}
	if read == 0 {
		t.Error("the reader saw no file")
	}
	for _, c := range children {
		c.finish()
	}
	if left := names(t, r.Dir()); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// checkFiles reads every file and returns how many there were.
func checkFiles(t *testing.T, dir string) (read int) {
	for _, name := range names(t, dir) {
		id, ok := idOf(name)
		if !ok {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if missing(err) {
			continue
		}
		if err != nil || !json.Valid(data) {
			t.Errorf("%s: %v, torn: %q", name, err, data)
		}
		if _, err := decode(data, id); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		read++
	}
	return read
}

func TestA4_heartbeat_never_resurrects(t *testing.T) {
	r := open(t, Config{})
	port := endpoint(t)
	for round := range 50 {
		reg, err := r.Register(t.Context(), sample("racer", port))
		if err != nil {
			t.Fatal(err)
		}
		var beats sync.WaitGroup
		for range 3 {
			beats.Go(func() {
				for {
					if err := reg.Heartbeat(t.Context()); err != nil {
						if !errors.Is(err, ErrUnregistered) {
							t.Errorf("heartbeat: %v", err)
						}
						return
					}
				}
			})
		}
		for range round % 4 {
			if err := reg.Heartbeat(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := reg.Unregister(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := reg.Heartbeat(t.Context()); !errors.Is(err, ErrUnregistered) {
			t.Errorf("a heartbeat after the end: %v", err)
		}
		beats.Wait()
		if left := names(t, r.Dir()); len(left) > 0 {
			t.Fatalf("round %d: resurrected %v", round, left)
		}
		if err := reg.Unregister(t.Context()); err != nil {
			t.Errorf("a second Unregister: %v", err)
		}
	}
}

// A write that waits for the lock while Unregister fails must not appear later.
func TestA4_failed_unregister_still_ends(t *testing.T) {
	r := open(t, Config{})
	reg := register(t, r, "a")
	unlock, err := r.locks.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	beat := make(chan error, 1)
	go func() { beat <- reg.Heartbeat(t.Context()) }()
	eventually(t, "the heartbeat is staged", func() bool { return len(names(t, r.Dir())) > 1 })
	if err := reg.Unregister(within(t, 10*time.Millisecond)); errors.Of(err) != errors.Timeout {
		t.Errorf("Unregister under a held lock: %v", err)
	}
	if err := os.Remove(pathOf(r.Dir(), "a")); err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := <-beat; !errors.Is(err, ErrUnregistered) {
		t.Errorf("heartbeat: %v", err)
	}
	if left := names(t, r.Dir()); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestA4_vanished_is_told_from_unregistered(t *testing.T) {
	r := open(t, Config{Check: 5 * time.Millisecond})
	reg := register(t, r, "a")
	path := pathOf(r.Dir(), "a")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := reg.Heartbeat(t.Context()); !errors.Is(err, ErrVanished) || exists(path) {
		t.Errorf("heartbeat of a vanished file: %v, file there: %v", err, exists(path))
	}
	ran := make(chan error, 1)
	go func() { ran <- reg.Run(t.Context()) }()
	eventually(t, "the file is created again", func() bool { return exists(path) })
	// In one step: removing it file by file would race with the creation.
	if err := os.Rename(filepath.Dir(r.Dir()), filepath.Join(t.TempDir(), "old")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "file and directories are created again", func() bool { return exists(path) })
	if err := reg.Unregister(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
	if left := names(t, r.Dir()); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestA4_run_ends_with_its_context(t *testing.T) {
	r := open(t, Config{})
	reg := register(t, r, "a")
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- reg.Run(ctx) }()
	cancel()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	if !exists(pathOf(r.Dir(), "a")) {
		t.Error("only Unregister removes the file")
	}
}

func TestA4_heartbeats_are_written(t *testing.T) {
	r := open(t, Config{Heartbeat: 10 * time.Millisecond, Check: 2 * time.Millisecond})
	reg := register(t, r, "a")
	first, err := load(r.Dir(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- reg.Run(t.Context()) }()
	eventually(t, "a later heartbeat in the file", func() bool {
		now, err := load(r.Dir(), "a")
		return err == nil && now.LastPing.After(first.LastPing) && same(now, first)
	})
	reg.Unregister(t.Context())
	<-ran
}

// Concurrent updates lose nothing, and the file ends with all of them.
func TestA1_concurrent_updates(t *testing.T) {
	r := open(t, Config{})
	reg := register(t, r, "a")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				if err := reg.Update(t.Context(), func(i *Instance) { i.Protocol.Max++ }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := load(r.Dir(), "a")
	if err != nil || got.Protocol.Max != 42 {
		t.Errorf("%v, %v; want 2 + 40", got.Protocol, err)
	}
	if diff := cmp.Diff(reg.Instance(), got); diff != "" {
		t.Errorf("file and registration differ (-registration +file):\n%s", diff)
	}
}

func TestA1_one_owner_per_id(t *testing.T) {
	r := open(t, Config{})
	c := start(t, "instance", r.Dir(), "a")
	c.line()
	_, err := r.Register(within(t, 10*time.Second), sample("a", endpoint(t)))
	if errors.Of(err) != errors.InUse || errors.IsTemporary(err) {
		t.Errorf("the id of a live process: %v", err)
	}
	c.Process.Kill()
	c.Wait()
	reg := register(t, r, "a") // that of a dead one is free
	if got, err := load(r.Dir(), "a"); err != nil || got.Process.PID != os.Getpid() {
		t.Errorf("%+v, %v", got.Process, err)
	}
	again, err := r.Register(t.Context(), sample("a", endpoint(t))) // and so is one's own
	if err != nil {
		t.Fatal(err)
	}
	reg.Unregister(t.Context())
	again.Unregister(t.Context())
}
