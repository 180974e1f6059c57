//go:build integration

package journal_test

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/session/journal"
)

// TestH5_kill_9_of_either_process kills one or the other of two processes that send each
// other numbered messages over WebSockets, at a step of its journal or at any moment, and
// starts it again. In the end everything that was sent has arrived exactly once, relative to
// the cursors that the receivers had committed.
func TestH5_kill_9_of_either_process(t *testing.T) {
	const each = 250
	began := time.Now()
	dir := t.TempDir()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var (
		sides [2]*victim
		all   sync.WaitGroup
	)
	for i := range sides {
		v := &victim{t: t, dir: dir, side: i, rand: rand.New(rand.NewPCG(seed, uint64(i))), kills: make(map[string]int)}
		sides[i] = v
		all.Go(func() {
			for n := range each {
				if !v.live(n) {
					return
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	last := [2]*process{sides[0].start("0 0 drain"), sides[1].start("0 0 drain")}
	for _, p := range last { // both have nothing under way any more
		p.until("drained")
	}
	for _, p := range last {
		p.stdin.Close()
	}
	for _, p := range last {
		p.until("")
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("the last life: %v %s", err, &p.stderr)
		}
	}
	kills := make(map[string]int)
	total := 0
	for i, v := range sides {
		for what, n := range v.kills {
			kills[what] += n
			total += n
		}
		checkJournals(t, dir, i, v)
	}
	var list strings.Builder
	for _, what := range slices.Sorted(maps.Keys(kills)) {
		fmt.Fprintf(&list, "\n  %-16s %d", what, kills[what])
	}
	t.Logf("%d kills in %v:%s", total, time.Since(began).Round(time.Second), &list)
	if total != 2*each {
		t.Errorf("%d kills", total)
	}
}

// checkJournals compares what a side has sent with what the other has taken in.
func checkJournals(t *testing.T, dir string, side int, v *victim) {
	t.Helper()
	var states [2]journal.StreamState
	for i := range states {
		j, err := journal.Open(journalOf(dir, i), nil)
		if err != nil {
			t.Fatal(err)
		}
		states[i], _ = j.Stream(streamName)
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
	sent, got := states[side], states[1-side]
	t.Logf("side %d sent %d messages", side, sent.Sent.Next)
	if sent.Sent.Next < v.sent || sent.Sent.Next == 0 {
		t.Errorf("side %d: %d messages were safe, %d are there", side, v.sent, sent.Sent.Next)
	}
	if other := v.committed; sent.Sent.Next == 0 || states[side].Receive.Next < other {
		t.Errorf("side %d: %d messages were committed, the cursor is %v", side, other, states[side].Receive)
	}
	if got.Receive != sent.Sent || sent.Committed != sent.Sent {
		t.Errorf("side %d sent up to %v, knows of commits up to %v; the other has %v", side, sent.Sent, sent.Committed, got.Receive)
	}
	if !bytes.Equal(got.App, expected(byte(side), sent.Sent.Next)) {
		t.Errorf("side %d: what came of its %d messages is not what it should be", side, sent.Sent.Next)
	}
}

func journalOf(dir string, side int) string { return filepath.Join(dir, fmt.Sprint("side", side)) }

// victim is one side, life after life.
type victim struct {
	t         *testing.T
	dir       string
	side      int
	rand      *rand.Rand
	kills     map[string]int
	sent      uint64 // messages that Send has returned
	committed uint64
}

// live lets the side live once, until it is killed.
func (v *victim) live(n int) bool {
	const early, modes = 60, 3
	step := v.rand.IntN(700) + 1
	if n < early*modes {
		step = n/modes + 1 // each of the first steps, before it, halfway and after it
	}
	p := v.start(fmt.Sprintf("%d %d work", step, n%modes))
	// One that has nothing to do does not come to its step.
	timer := time.AfterFunc(time.Duration(60+v.rand.IntN(200))*time.Millisecond, func() { _ = p.cmd.Process.Kill() })
	p.until("")
	timer.Stop()
	err := p.cmd.Wait()
	if p.cmd.ProcessState.ExitCode() >= 0 && !(p.killed != "" && p.cmd.ProcessState.ExitCode() == 1 && p.stderr.Len() == 0) {
		v.t.Errorf("side %d was not killed: %v %s", v.side, err, &p.stderr)
		return false
	}
	if p.killed == "" {
		p.killed = "any moment"
	}
	v.kills[p.killed]++
	return true
}

// process is one life.
type process struct {
	v      *victim
	cmd    *exec.Cmd
	stdin  interface{ Close() error }
	lines  *bufio.Scanner
	stderr bytes.Buffer
	killed string // by itself, at that step
}

func (v *victim) start(args string) *process {
	self, err := os.Executable()
	if err != nil {
		v.t.Error(err)
	}
	p := &process{v: v, cmd: exec.Command(self)}
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s %s", journal.ChannelChildVar, v.side, args, v.dir))
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		v.t.Error(err)
	}
	p.lines = bufio.NewScanner(out)
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		v.t.Error(err)
	}
	if err := p.cmd.Start(); err != nil {
		v.t.Error(err)
	}
	return p
}

// until reads what the process says up to a line, or to its end.
func (p *process) until(line string) {
	for p.lines.Scan() {
		var n uint64
		text := p.lines.Text()
		switch {
		case line != "" && text == line:
			return
		case strings.HasPrefix(text, "killed "):
			p.killed = strings.TrimPrefix(text, "killed ")
		default:
			if k, _ := fmt.Sscanf(text, "sent %d", &n); k == 1 {
				p.v.sent = max(p.v.sent, n+1)
			}
			if k, _ := fmt.Sscanf(text, "committed %d", &n); k == 1 {
				p.v.committed = max(p.v.committed, n+1)
			}
		}
	}
	if line != "" {
		p.v.t.Errorf("side %d ended before it said %q: %s", p.v.side, line, &p.stderr)
	}
}
