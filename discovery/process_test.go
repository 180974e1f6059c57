package discovery

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// instanceRole registers and lives until it is told to end.
func instanceRole(args []string) error {
	r, err := Open(Config{Dir: args[0], Log: quiet()})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	reg, err := r.Register(context.Background(), sample(args[1], l.Addr().(*net.TCPAddr).Port))
	if err != nil {
		return err
	}
	fmt.Println(reg.Instance().Process.PID)
	<-stdinClosed
	return reg.Unregister(context.Background())
}

// probe prints what it thinks of a PID.
func probe(args []string) error {
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	fmt.Println(Instance{Process: Process{PID: pid}}.Liveness())
	return nil
}

func TestB1_killed_instance_leaves(t *testing.T) {
	for _, reaped := range []bool{true, false} {
		t.Run(fmt.Sprintf("reaped=%v", reaped), func(t *testing.T) {
			r := open(t, Config{}) // with the real intervals
			w := watch(t, r)
			c := start(t, "instance", r.Dir(), "a")
			c.line()
			expect(t, w, Added, "a")
			began := time.Now()
			c.Process.Kill()
			if reaped {
				c.Wait()
			}
			expect(t, w, Removed, "a")
			eventually(t, "the file is removed", func() bool { return !exists(pathOf(r.Dir(), "a")) })
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if len(w.Instances()) != 0 {
				t.Errorf("still listed: %v", w.Instances())
			}
			eventually(t, "it is counted", func() bool { return r.Stats().InstancesGone == 1 })
		})
	}
}

// A file that was there before the watcher, of a process that died before.
func TestB1_ghost_at_the_start(t *testing.T) {
	r := open(t, Config{})
	c := start(t, "instance", r.Dir(), "a")
	c.line()
	c.Process.Kill()
	c.Wait()
	if list, err := r.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("List: %v, %v", list, err)
	}
	if !exists(pathOf(r.Dir(), "a")) {
		t.Error("List must not remove files")
	}
	w := watch(t, r)
	eventually(t, "the file is removed", func() bool { return !exists(pathOf(r.Dir(), "a")) })
	if len(w.Instances()) != 0 {
		t.Errorf("listed: %v", w.Instances())
	}
}

// Between the verdict and the removal the id may get a new owner.
func TestB1_new_owner_is_spared(t *testing.T) {
	r := open(t, Config{})
	c := start(t, "instance", r.Dir(), "a")
	c.line()
	dead, err := load(r.Dir(), "a")
	if err != nil {
		t.Fatal(err)
	}
	c.Process.Kill()
	c.Wait()
	register(t, r, "a")
	if removed, err := r.removeDead(t.Context(), dead); removed || err != nil || !exists(pathOf(r.Dir(), "a")) {
		t.Errorf("removed %v, %v", removed, err)
	}
}

// The lock being held by somebody who is stopped delays the file's removal, not
// the list.
func TestB1_list_does_not_wait_for_the_lock(t *testing.T) {
	r := open(t, Config{Check: 10 * time.Millisecond})
	w := watch(t, r)
	c := start(t, "instance", r.Dir(), "a")
	c.line()
	expect(t, w, Added, "a")
	unlock, err := r.locks.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Process.Kill()
	expect(t, w, Removed, "a")
	unlock()
	eventually(t, "the file is removed", func() bool { return !exists(pathOf(r.Dir(), "a")) })
}

func TestB2_old_heartbeat_is_no_death(t *testing.T) {
	r := open(t, Config{Check: 5 * time.Millisecond, Scan: 10 * time.Millisecond})
	c := start(t, "instance", r.Dir(), "a")
	c.line()
	i, err := load(r.Dir(), "a")
	if err != nil {
		t.Fatal(err)
	}
	i.LastPing = i.LastPing.Add(-time.Hour)
	if err := r.replace(t.Context(), i, always); err != nil {
		t.Fatal(err)
	}
	w := watch(t, r)
	expect(t, w, Added, "a")
	passes(t, r)
	if !exists(pathOf(r.Dir(), "a")) || len(w.Instances()) != 1 {
		t.Error("a live process was removed")
	}
}

// passes waits until the watchers have looked several times.
func passes(t *testing.T, r *Registry) {
	t.Helper()
	before := r.Stats()
	eventually(t, "several checks and scans", func() bool {
		now := r.Stats()
		return now.Checks >= before.Checks+5 && now.Scans >= before.Scans+3
	})
}

func TestB3_reused_pid(t *testing.T) {
	for name, change := range map[string]func(*Instance){
		"other start": func(i *Instance) { i.Process.Start = "ticks:1" },
		"other boot":  func(i *Instance) { i.Process.BootID = "of-last-week" },
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, Config{})
			c := start(t, "instance", r.Dir(), "a")
			c.line()
			i, err := load(r.Dir(), "a")
			if err != nil {
				t.Fatal(err)
			}
			if i.Liveness() != Alive || i.Process.Start == "" {
				t.Fatalf("%v, %+v", i.Liveness(), i.Process)
			}
			if name == "other boot" && i.Process.BootID == "" {
				i.Process.Start = "absolute:0" // this system's start times say it
			}
			change(&i)
			if i.Liveness() != Reused {
				t.Errorf("%v", i.Liveness())
			}
			if err := r.replace(t.Context(), i, always); err != nil {
				t.Fatal(err)
			}
			w := watch(t, r)
			eventually(t, "the file is removed", func() bool { return !exists(pathOf(r.Dir(), "a")) })
			if len(w.Instances()) != 0 {
				t.Errorf("listed: %v", w.Instances())
			}
			if observe(c.Process.Pid).exists != true {
				t.Error("the other process was harmed")
			}
		})
	}
}

func TestB3_verdicts(t *testing.T) {
	recorded := Process{PID: 42, Start: "ticks:7", BootID: "b"}
	for _, c := range []struct {
		name     string
		recorded Process
		boot     string
		seen     observation
		want     Liveness
	}{
		{"the same", recorded, "b", observation{true, "ticks:7"}, Alive},
		{"none", recorded, "b", observation{}, Gone},
		{"other start", recorded, "b", observation{true, "ticks:8"}, Reused},
		{"other boot, same ticks", recorded, "c", observation{true, "ticks:7"}, Reused},
		{"other boot, no process", recorded, "c", observation{}, Reused},
		{"start can't be seen", recorded, "b", observation{true, ""}, Alive},
		{"boot can't be seen", recorded, "", observation{true, "ticks:7"}, Alive},
		{"an old brummer's", Process{PID: 42}, "b", observation{true, "ticks:7"}, Alive},
		{"an old brummer's, gone", Process{PID: 42}, "b", observation{}, Gone},
		{"zero", Process{PID: 0}, "b", observation{true, ""}, Gone},
		{"negative", Process{PID: -1}, "b", observation{true, ""}, Gone},
	} {
		if got := judge(c.recorded, c.boot, c.seen); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestB4_no_such_pid(t *testing.T) {
	c := start(t, "probe", "1")
	c.finish()
	for _, pid := range []int{0, -1, -c.Process.Pid, c.Process.Pid} {
		if got := (Instance{Process: Process{PID: pid}}).Liveness(); got != Gone {
			t.Errorf("pid %d: %v", pid, got)
		}
	}
	if got := (Instance{Process: Process{PID: os.Getpid()}}).Liveness(); got != Alive {
		t.Errorf("this process: %v", got)
	}
}

func TestB4_proc_is_linux_only(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") && !strings.HasSuffix(file, "_linux.go") && strings.Contains(string(data), `"/proc`) {
			t.Errorf("%s reads /proc", file)
		}
	}
}

func TestB5_other_host_is_not_judged(t *testing.T) {
	r := open(t, Config{Check: 5 * time.Millisecond, Scan: 10 * time.Millisecond})
	gone := start(t, "probe", "1")
	gone.finish()
	me := whereAmI()
	for id, host := range map[string]Host{
		"host":      {ID: "elsewhere", Name: "elsewhere"},
		"namespace": {ID: me.host.ID, Name: me.host.Name, Namespace: "pid:[1]"},
	} {
		i := sample(id, 7777)
		i.StartedAt, i.LastPing = time.Now(), time.Now()
		i.Host, i.Process = host, Process{PID: gone.Process.Pid, Executable: "/bin/x", Start: "ticks:1", BootID: "other"}
		if err := r.replace(t.Context(), i, always); err != nil {
			t.Fatal(err)
		}
	}
	w := watch(t, r)
	passes(t, r)
	list := w.Instances()
	if len(list) != 2 || list[0].Local || list[1].Local || list[0].Liveness() != Unjudged {
		t.Errorf("%+v", list)
	}
	if len(names(t, r.Dir())) != 2 {
		t.Error("a file was removed")
	}
	if runtime.GOOS == "linux" && me.host.Namespace == "" {
		t.Error("this process does not know its namespace")
	}
}
