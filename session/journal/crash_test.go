package journal

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/standardbeagle/brum/errors"
	"go.uber.org/goleak"
)

const childVar = "BRUM_JOURNAL_CHILD"

func TestMain(m *testing.M) {
	if args := os.Getenv(childVar); args != "" {
		if err := child(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if args := os.Getenv(channelChildVar); args != "" {
		if err := ChannelChild(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// small segments make every step frequent.
func smallOptions(fs fileSystem) *Options { return &Options{SegmentBytes: 4096, fs: fs} }

// child works on a journal and kills itself at a step.
func child(args string) error {
	var step, mode int
	var from uint64
	var dir string
	if _, err := fmt.Sscanf(args, "%d %d %d %s", &step, &mode, &from, &dir); err != nil {
		return err
	}
	f := &faultFS{fileSystem: osFS{}, at: func(n int, _ string) fault {
		return fault{kill: n == step, part: float64(mode) / 2}
	}}
	j, err := Open(dir, smallOptions(f))
	if err != nil {
		return err
	}
	return exercise(j, from, 40, func(op, stream string, value uint64) {
		fmt.Fprintf(os.Stdout, "%s %s %d\n", op, "s"+stream, value)
	})
}

// One journal a worker lives through kills at every step: before it, halfway, after it.
func TestH5_kill_at_every_step(t *testing.T) {
	const steps, modes, workers = 60, 3, 3
	var all sync.WaitGroup
	kills := make([]int, workers)
	for w := range workers {
		all.Go(func() { kills[w] = killLoop(t, filepath.Join(t.TempDir(), "j"), w, steps, modes) })
	}
	all.Wait()
	total := 0
	for _, k := range kills {
		total += k
	}
	if !t.Failed() && total != steps*modes*workers {
		t.Errorf("%d kills, want %d", total, steps*modes*workers)
	}
	t.Logf("%d kills", total)
}

func killLoop(t *testing.T, dir string, w, steps, modes int) (kills int) {
	m := newModel()
	for step := 1; step <= steps; step++ {
		for mode := range modes {
			if runChild(t, m, fmt.Sprintf("%d %d %d %s", step, (mode+w)%modes, m.nextID, dir)) {
				kills++
			}
			j, err := Open(dir, smallOptions(nil))
			if err != nil {
				t.Errorf("step %d, mode %d: %v", step, mode, err)
				return kills
			}
			m.check(t, j)
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	return kills
}

// runChild reports whether the child was killed.
func runChild(t *testing.T, m *model, args string) bool {
	self, err := os.Executable()
	if err != nil {
		t.Error(err)
		return false
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVar+"="+args)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return false
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var op, stream string
		var value uint64
		if n, _ := fmt.Sscan(lines.Text(), &op, &stream, &value); n == 3 {
			m.note(op, stream[1:], value)
		}
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); err == nil || ok && exit.ExitCode() == 1 && stderr.Len() > 0 {
		t.Errorf("child %q was not killed: %v %s", args, err, stderr.String())
		return false
	}
	return true
}

// The power fails at every step, and chance decides what of the unsynced data survives.
func TestH5_power_cut(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := newPowerFS(r)
		m := newModel()
		dir := filepath.Join(t.TempDir(), "j")
		for range 25 {
			p.left = r.IntN(120)
			if j, err := Open(dir, smallOptions(p)); err == nil {
				m.check(t, j)
				if err := exercise(j, m.nextID, 40, m.note); err == nil {
					t.Logf("seed %d: the power held", seed)
				} else if !errors.Is(err, ErrFailed) {
					t.Fatalf("seed %d: %v", seed, err)
				}
				closing(t, j)
			} else if !errors.Is(err, errNoPower.Err) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			p.cut()
		}
		p.left = 1 << 30
		j, err := Open(dir, smallOptions(p))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		m.check(t, j)
		closing(t, j)
	}
}

// After a failed fsync the system shows data that it will never write. What the next process
// found there is durable all the same.
func TestH5_failed_fsync_is_not_believed(t *testing.T) {
	for bad := 1; bad <= 60; bad++ {
		p := newPowerFS(rand.New(rand.NewPCG(uint64(bad), 2)))
		p.left, p.badSync = 1<<30, bad
		dir := filepath.Join(t.TempDir(), "j")
		m := newModel()
		if j, err := Open(dir, smallOptions(p)); err == nil {
			m.check(t, j)
			if err := exercise(j, 0, 40, m.note); !errors.Is(err, syscall.EIO) {
				t.Fatalf("sync %d: %v", bad, err)
			}
			closing(t, j)
		}
		j := mustOpen(t, dir, smallOptions(p))
		m.check(t, j) // what is there now is there for good
		closing(t, j)
		p.cut()
		j = mustOpen(t, dir, smallOptions(p))
		m.check(t, j)
		closing(t, j)
	}
}

// Each step fails once, in each way: nothing is pretended afterwards.
func TestH5_every_step_fails(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind errors.Kind
	}{{syscall.ENOSPC, errors.DiskFull}, {syscall.EROFS, errors.Permission}, {syscall.EIO, errors.Invalid}} {
		for step := 1; step <= 60; step += 1 + step/20 {
			failAt(t, step, c.err, c.kind)
		}
	}
}

func failAt(t *testing.T, step int, cause error, kind errors.Kind) {
	dir := filepath.Join(t.TempDir(), "j")
	m := newModel()
	var failed string
	f := &faultFS{fileSystem: osFS{}, at: func(n int, op string) fault {
		if n != step {
			return fault{}
		}
		failed = op
		return fault{err: cause, part: 0.5}
	}}
	j, err := Open(dir, smallOptions(f))
	if err == nil {
		m.check(t, j)
		err = exercise(j, 0, 40, m.note)
		if failed == "remove" { // a file that stays is only waste
			if err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
		} else {
			before := len(f.ops)
			if _, again := j.Append(t.Context(), "logs", nil); !errors.Is(again, ErrFailed) || j.RaiseMade(t.Context(), Fence{9, 9}) != j.Err() {
				t.Errorf("step %d: after the failure: %v", step, again)
			}
			if len(f.ops) != before {
				t.Errorf("step %d: the failed journal went on: %v", step, f.ops[before:])
			}
		}
		closing(t, j)
	}
	if failed != "remove" && (!errors.Is(err, ErrFailed) || !errors.Is(err, cause) || errors.Of(err) != kind || errors.IsTemporary(err)) {
		t.Errorf("step %d (%s): %v", step, failed, err)
	}
	j = mustOpen(t, dir, smallOptions(nil))
	m.check(t, j)
	closing(t, j)
}
