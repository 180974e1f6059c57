package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// namedReader is a `logs -f --json --as NAME`, until it is ended.
type namedReader struct {
	*program
	lines *bufio.Scanner
	pipe  *os.File
}

func (w *world) readAs(t *testing.T, name string) *namedReader {
	t.Helper()
	r, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(hubProgram, "logs", "web", "-f", "--json", "--as", name, "--socket", w.socket())
	cmd.Stdout = out
	p := start(t, cmd)
	out.Close()
	t.Cleanup(func() { r.Close() })
	return &namedReader{p, bufio.NewScanner(r), r}
}

// readerRecord is a line of that.
type readerRecord struct {
	Line *struct{ Seq uint64 }
	Gap  *struct {
		Lines   uint64
		AtLeast bool `json:"at_least"`
		Restart bool
	}
}

// next returns the next line or gap.
func (r *namedReader) next(t *testing.T) readerRecord {
	t.Helper()
	watchdog := time.AfterFunc(soon, func() { r.pipe.Close() })
	defer watchdog.Stop()
	for r.lines.Scan() {
		var rec readerRecord
		if err := json.Unmarshal(r.lines.Bytes(), &rec); err != nil {
			t.Fatalf("%v: %s", err, r.lines.Bytes())
		}
		if rec.Line != nil || rec.Gap != nil {
			return rec
		}
	}
	t.Fatalf("no line: %v", r.lines.Err())
	return readerRecord{}
}

// line returns the number of the next line.
func (r *namedReader) line(t *testing.T) uint64 {
	t.Helper()
	rec := r.next(t)
	if rec.Line == nil {
		t.Fatalf("a gap: %+v", *rec.Gap)
	}
	return rec.Line.Seq
}

// rest returns the last line that comes until the reader has ended.
func (r *namedReader) rest(t *testing.T, last uint64) uint64 {
	t.Helper()
	for r.lines.Scan() {
		var rec readerRecord
		if json.Unmarshal(r.lines.Bytes(), &rec) != nil || rec.Line == nil {
			continue // of a killed one the last record may be cut off
		}
		if rec.Line.Seq != last+1 {
			t.Errorf("line %d after line %d", rec.Line.Seq, last)
		}
		last = rec.Line.Seq
	}
	return last
}

func (r *namedReader) interrupted(t *testing.T) {
	t.Helper()
	interrupt(r.cmd.Process)
	select {
	case <-r.done:
	case <-time.After(soon):
		t.Fatal("the reader does not end")
	}
}

// A reader with a name loses no line over restarts of hub and reader; one that is ended in
// order repeats none either, and one that is killed only what it could not acknowledge.
func TestH5_NamedReaderOverRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hub := w.startHub(t)
	w.startInstance(t, "web")
	w.active(t, 1)

	r := w.readAs(t, "me")
	last := r.line(t)
	for range 20 {
		if n := r.line(t); n != last+1 {
			t.Fatalf("line %d after line %d", n, last)
		}
		last++
	}
	r.interrupted(t)
	last = r.rest(t, last)

	for range 3 {
		hub.kill()
		hub = w.startHub(t)
		w.active(t, 1)
		r = w.readAs(t, "me")
		if n := r.line(t); n != last+1 {
			t.Errorf("begins at line %d, line %d was the last", n, last)
		}
		last++
		r.interrupted(t)
		last = r.rest(t, last)
	}

	r = w.readAs(t, "me")
	last = r.line(t)
	for range 20 {
		last = r.line(t)
	}
	r.kill()
	last = r.rest(t, last)
	r = w.readAs(t, "me")
	n := r.line(t)
	if n > last+1 {
		t.Errorf("after a kill it begins at line %d, line %d was the last: lines are lost", n, last)
	}
	r.interrupted(t)
	r.rest(t, n)

	out, _, code := w.run(t, "", "readers")
	if code != 0 || !strings.Contains(out, "me") || !strings.Contains(out, "web") {
		t.Errorf("readers: %d, %s", code, out)
	}
	if _, errs, code := w.run(t, "", "logs", "web", "nothing", "--as", "me"); code != 1 || !strings.Contains(errs, "another log") {
		t.Errorf("of another process: %d, %s", code, errs)
	}
	if _, errs, code := w.run(t, "", "readers", "forget", "me"); code != 0 {
		t.Error(errs)
	}
	if _, errs, code := w.run(t, "", "readers", "forget", "me"); code == 0 || !strings.Contains(errs, "no reader") {
		t.Errorf("forgotten twice: %d, %s", code, errs)
	}
	if out, _, _ := w.run(t, "", "readers", "--json"); strings.Contains(out, `"me"`) {
		t.Errorf("readers: %s", out)
	}
}

// Lines that fell out of the instance's store are a gap with their number.
func TestH4_NamedReaderIsToldOfAGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub(t)
	startInstance(t, "web", w.discovery(), w.dir, countingVariable+"=200us", "--log-buffer", "256KiB")
	w.active(t, 1)
	r := w.readAs(t, "me")
	last := r.line(t)
	r.interrupted(t)
	last = r.rest(t, last)

	// Lines fall out unread: the oldest that is retained is not the next.
	wait(t, "loss", func() bool {
		out, _, code := w.run(t, "", "logs", "web", "-n", "10000", "--json")
		first, _, _ := strings.Cut(out, "\n")
		var rec readerRecord
		return code == 0 && json.Unmarshal([]byte(first), &rec) == nil && rec.Line != nil && rec.Line.Seq > last+10
	})
	r = w.readAs(t, "me")
	gap := r.next(t)
	if gap.Gap == nil || gap.Gap.Lines < 10 || gap.Gap.AtLeast || gap.Gap.Restart {
		t.Fatalf("%+v, want a gap", gap)
	}
	if n := r.line(t); n != last+gap.Gap.Lines+1 {
		t.Errorf("line %d after line %d and a gap of %d", n, last, gap.Gap.Lines)
	}
}

// Another life of the instance is a gap, too, and its lines come from the first.
func TestH4_NamedReaderIsToldOfARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub(t)
	instance := w.startInstance(t, "web")
	w.active(t, 1)
	r := w.readAs(t, "me")
	last := r.line(t)
	r.interrupted(t)
	r.rest(t, last)
	interrupt(instance.cmd.Process)
	<-instance.done
	w.until(t, "the instance to leave", func(s *api.Status) bool { return len(s.Instances) == 0 })
	w.startInstance(t, "web")
	w.active(t, 1)
	r = w.readAs(t, "me")
	gap := r.next(t)
	if gap.Gap == nil || !gap.Gap.Restart {
		t.Fatalf("%+v, want a restart", gap)
	}
	if n := r.line(t); n != 1 {
		t.Errorf("begins with line %d", n)
	}
}

// Two that read under one name at the same time are told, instead of losing lines for each
// other.
func TestTwoReadersOfOneName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub(t)
	w.startInstance(t, "web")
	w.active(t, 1)
	one, two := w.readAs(t, "me"), w.readAs(t, "me")
	for _, r := range []*namedReader{one, two} {
		go func() {
			for r.lines.Scan() {
			}
		}()
	}
	var loser *namedReader
	select {
	case <-one.done:
		loser = one
	case <-two.done:
		loser = two
	case <-time.After(soon):
		t.Fatal("both go on")
	}
	if code := loser.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(loser.logs.String(), "at the same time") {
		t.Errorf("%d: %s", code, loser.logs)
	}
}
