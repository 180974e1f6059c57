package durable

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/journal"
)

func pair(t *testing.T) (a, b *side) {
	dir := t.TempDir()
	return open(t, filepath.Join(dir, "a"), nil, nil), open(t, filepath.Join(dir, "b"), nil, nil)
}

// S3: messages outlive either process; what was committed does not come again.
func TestH5_MessagesOutliveBothProcesses(t *testing.T) {
	a, b := pair(t)
	send(t, a.stream("x"), "0", "1", "2") // nobody there yet
	j := join(t, a, b)
	m := want(t, b.stream("x"), "0", "1")
	commit(t, b.stream("x"), m)
	want(t, b.stream("x"), "2") // received, not committed
	send(t, b.stream("x"), "answer")
	want(t, a.stream("x"), "answer")
	if err := a.stream("x").WaitCommitted(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	j.cut()

	b = b.again()
	j = join(t, a, b)
	m = want(t, b.stream("x"), "2") // again: it was not committed
	commit(t, b.stream("x"), m)
	j.cut()

	a = a.again()
	send(t, a.stream("x"), "3")
	join(t, b, a) // the other way round
	m = want(t, b.stream("x"), "3")
	want(t, a.stream("x"), "answer")
	commit(t, b.stream("x"), m)
	if err := a.stream("x").WaitCommitted(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if n := a.stream("x").Pending(); n != 0 {
		t.Errorf("%d messages are pending", n)
	}
}

// A commit is on disk before the peer hears of it, with the application's state beside it.
func TestCommitWithState(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0", "1")
	m := want(t, b.stream("x"), "0", "1")
	if err := b.stream("x").Commit(t.Context(), m.Cursor(), []byte("sum=1")); err != nil {
		t.Fatal(err)
	}
	j.cut()
	b = b.again()
	if got := string(b.stream("x").State()); got != "sum=1" || b.stream("x").Committed() != m.Cursor() {
		t.Errorf("state %q at %v", got, b.stream("x").Committed())
	}
	beyond := m.Cursor()
	beyond.Next++
	if err := b.stream("x").Commit(t.Context(), beyond, nil); !errors.Is(err, errors.Invalid) {
		t.Errorf("a cursor that was never received: %v", err)
	}
}

// An application may keep the cursor in a store of its own.
func TestCursorOfTheApplication(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0", "1", "2")
	own := want(t, b.stream("x"), "0", "1").Cursor() // committed elsewhere, the journal not told
	j.cut()
	b.die()
	b = open(t, b.dir, &journal.Options{Receive: map[string]journal.Cursor{"x": own}}, nil)
	join(t, a, b)
	want(t, b.stream("x"), "2")
}

// A stream that nobody receives from holds up no other, and fills up at its own limit.
func TestStreamsAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, filepath.Join(dir, "a"), &journal.Options{MaxStreamBytes: 1 << 20}, nil)
		b := open(t, filepath.Join(dir, "b"), nil, nil)
		join(t, a, b)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		chunk := make([]byte, 64<<10)
		var err error
		for err == nil {
			_, err = a.stream("stuck").Send(ctx, chunk)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		for i := range 50 {
			send(t, a.stream("other"), fmt.Sprint(i))
			commit(t, b.stream("other"), want(t, b.stream("other"), fmt.Sprint(i)))
		}
		// A commit makes room.
		sent := make(chan error, 1)
		go func() {
			_, err := a.stream("stuck").Send(context.Background(), chunk)
			sent <- err
		}()
		for range 8 {
			m, err := b.stream("stuck").Receive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			commit(t, b.stream("stuck"), m)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}

// A later session takes over, and nothing of the former has an effect any more.
func TestLaterSessionTakesOver(t *testing.T) {
	a, b := pair(t)
	first := join(t, a, b)
	send(t, a.stream("x"), "0")
	want(t, b.stream("x"), "0")
	second := join(t, a, b)
	x, y := first.over()
	for _, err := range []error{x, y} {
		if err != errReplaced && err != errLeft { // whichever side was first to see the later one
			t.Errorf("the former session's Run: %v", err)
		}
	}
	send(t, a.stream("x"), "1")
	want(t, b.stream("x"), "1")
	second.cut()
}

// Streams that are not the channel's reach the application.
func TestOtherStreams(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	st, err := j.dialing.OpenStream(t.Context(), "mine")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Receive(t.Context()); !errors.Is(err, session.ErrReset) {
		t.Errorf("without a taker: %v", err)
	}
	j.cut()
	got := make(chan *session.Stream, 1)
	j = joinWith(t, a, b, func(st *session.Stream) { got <- st })
	if _, err := j.dialing.OpenStream(t.Context(), "mine"); err != nil {
		t.Fatal(err)
	}
	if st := <-got; st.Name() != "mine" {
		t.Error(st.Name())
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(to, "lock"))
	err := filepath.Walk(to, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if info.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// snapshot makes a copy of a side's journal as it is now.
func snapshot(t *testing.T, s *side) string {
	t.Helper()
	s.die()
	dir := filepath.Join(t.TempDir(), "copy")
	copyDir(t, s.dir, dir)
	return dir
}

// A journal that is used twice, as a cloned virtual machine does, is found out by the peer;
// the one that was there first goes on.
func TestClonedJournal(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0")
	commit(t, b.stream("x"), want(t, b.stream("x"), "0"))
	j.cut()
	dir := snapshot(t, a)
	a = open(t, a.dir, nil, nil)
	clone := open(t, dir, nil, nil)

	j = join(t, a, b)
	send(t, a.stream("x"), "1")
	want(t, b.stream("x"), "1")
	x, y := join(t, clone, b).over()
	refused(t, x, ReasonCloned, true)
	refused(t, y, ReasonCloned, false)
	if _, err := clone.stream("x").Send(t.Context(), nil); !errors.Is(err, x) {
		t.Errorf("the clone still sends: %v", err)
	}
	send(t, a.stream("x"), "2")
	want(t, b.stream("x"), "2")
	j.cut()
}

// A journal that was rolled back is found out by its generation,
func TestRolledBackJournal(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0")
	want(t, b.stream("x"), "0")
	j.cut()
	dir := snapshot(t, a)
	for range 3 { // lives that the snapshot knows nothing of
		a = open(t, a.dir, nil, nil)
		j = join(t, a, b)
		send(t, a.stream("x"), "more")
		want(t, b.stream("x"), "more")
		j.cut()
		a.die()
	}
	old := open(t, dir, nil, nil)
	x, y := join(t, old, b).over()
	refused(t, x, ReasonRolledBack, true)
	refused(t, y, ReasonRolledBack, false)
}

// or, where the generations happen to fit, by its cursors,
func TestRolledBackLog(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0")
	want(t, b.stream("x"), "0")
	j.cut()
	dir := snapshot(t, a)
	a = open(t, a.dir, nil, nil)
	j = join(t, a, b)
	send(t, a.stream("x"), "1", "2")
	want(t, b.stream("x"), "1", "2")
	j.cut()
	a.die()
	for range 3 { // opened often enough
		open(t, dir, nil, nil).die()
	}
	old := open(t, dir, nil, nil)
	join(t, old, b)
	_, err := receive(t, b.stream("x"))
	refused(t, err, ReasonRolledBack, false)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for err = nil; err == nil; {
		_, err = old.stream("x").Send(ctx, nil)
	}
	refused(t, err, ReasonRolledBack, true)
}

// or by the digest, when it has gone another way.
func TestDivergedLog(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0")
	want(t, b.stream("x"), "0")
	j.cut()
	dir := snapshot(t, a)
	a = open(t, a.dir, nil, nil)
	j = join(t, a, b)
	send(t, a.stream("x"), "1")
	want(t, b.stream("x"), "1")
	j.cut()
	a.die()
	open(t, dir, nil, nil).die()
	old := open(t, dir, nil, nil)
	send(t, old.stream("x"), "another", "and more")
	join(t, old, b)
	_, err := receive(t, b.stream("x"))
	refused(t, err, ReasonDigest, false)
}

// A receiver that was rolled back behind what it had committed is told.
func TestRolledBackReceiver(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0")
	commit(t, b.stream("x"), want(t, b.stream("x"), "0"))
	j.cut()
	dir := snapshot(t, b)
	b = open(t, b.dir, nil, nil)
	j = join(t, a, b)
	send(t, a.stream("x"), "1", "2")
	commit(t, b.stream("x"), want(t, b.stream("x"), "1"))
	if err := a.stream("x").WaitCommitted(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	j.cut()
	b.die()
	open(t, dir, nil, nil).die()
	old := open(t, dir, nil, nil)
	join(t, a, old)
	_, err := receive(t, old.stream("x"))
	refused(t, err, ReasonRolledBack, false)
}

// Journals of different channels are not joined.
func TestStrangersJournal(t *testing.T) {
	a, b := pair(t)
	join(t, a, b).cut()
	c, d := pair(t)
	j := join(t, c, d)
	send(t, c.stream("x"), "0")
	want(t, d.stream("x"), "0")
	j.cut()
	j = join(t, a, b)
	send(t, a.stream("x"), "0")
	want(t, b.stream("x"), "0")
	j.cut()
	x, _ := join(t, a, d).over()
	if e, ok := errors.AsType[*RefusedError](x); !ok || e.Reason != ReasonRelation {
		t.Errorf("%v", x)
	}
}

// A journal that fails stops what needs it, or, if so configured, the channel goes on in memory.
func TestJournalFails(t *testing.T) {
	for _, on := range []OnFailure{Refuse, MemoryOnly} {
		dir := t.TempDir()
		a := open(t, filepath.Join(dir, "a"), &journal.Options{SegmentBytes: 4 << 10}, &Config{OnFailure: on})
		b := open(t, filepath.Join(dir, "b"), nil, nil)
		j := join(t, a, b)
		send(t, a.stream("x"), "0")
		want(t, b.stream("x"), "0")
		fill(t, a)
		var (
			err  error
			msgs []string
		)
		for i := range 12 { // more than the segment holds
			m := strings.Repeat(fmt.Sprint(i%10), 1<<10)
			if _, err = a.stream("x").Send(t.Context(), []byte(m)); err != nil {
				break
			}
			msgs = append(msgs, m)
		}
		if a.journal.Err() == nil {
			t.Fatal("the journal has not failed")
		}
		if on == Refuse {
			if !errors.Is(err, journal.ErrFailed) {
				t.Errorf("refusing: %v", err)
			}
			want(t, b.stream("x"), msgs...) // what was sent before goes on
			j.cut()
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		send(t, a.stream("x"), "last")
		m := want(t, b.stream("x"), msgs...)
		commit(t, b.stream("x"), m)
		if err := a.stream("x").WaitCommitted(t.Context(), m.Index); err != nil {
			t.Fatal(err)
		}
		j.cut()
		join(t, a, b) // another session of the same life
		want(t, b.stream("x"), "last")
		send(t, b.stream("x"), "back")
		commit(t, a.stream("x"), want(t, a.stream("x"), "back"))
		big := []byte(strings.Repeat("x", 1<<20))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		for err = nil; err == nil; {
			_, err = a.stream("x").Send(ctx, big)
		}
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("memory is bounded: %v", err)
		}
	}
}

// fill makes the journal fail soon: it can't make its next segment.
func fill(t *testing.T, a *side) {
	t.Helper()
	taken, err := filepath.Glob(filepath.Join(a.dir, "*.log"))
	if err != nil || len(taken) == 0 {
		t.Fatal(taken, err)
	}
	var last int
	for _, name := range taken {
		var n int
		if _, err := fmt.Sscanf(filepath.Base(name), "%x.log", &n); err != nil {
			t.Fatal(err)
		}
		last = max(last, n)
	}
	if err := os.Mkdir(filepath.Join(a.dir, fmt.Sprintf("%016x.log", last+1)), 0o700); err != nil {
		t.Fatal(err)
	}
}

// The end is told to the other side, which settles what was on its way.
func TestEnd(t *testing.T) {
	a, b := pair(t)
	join(t, a, b)
	send(t, a.stream("x"), "0", "1", "2")
	commit(t, b.stream("x"), want(t, b.stream("x"), "0"))
	want(t, b.stream("x"), "1")
	send(t, b.stream("y"), "never taken")
	if err := b.channel.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*side{a, b} {
		if err := s.channel.Err(); err != ErrEnded {
			t.Error(err)
		}
		if _, err := s.stream("x").Send(t.Context(), nil); !errors.Is(err, ErrEnded) {
			t.Error(err)
		}
		if _, err := s.stream("x").Receive(t.Context()); !errors.Is(err, ErrEnded) {
			t.Error(err)
		}
	}
	verdicts(t, a, "x/1 not received", "x/2 not received")
	verdicts(t, b, "y/0 not received")
	verdicts(t, a.again(), "x/1 not received", "x/2 not received")
}

// An end that nobody hears is told in a later life, and is unknown until then.
func TestEndAcrossRestarts(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0", "1")
	m := want(t, b.stream("x"), "0")
	j.cut()
	commit(t, b.stream("x"), m) // the peer does not hear of it
	past, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := a.channel.End(past); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	verdicts(t, a, "x/0 unknown", "x/1 unknown")
	a, b = a.again(), b.again()
	join(t, a, b)
	<-b.channel.Done()
	if err := b.channel.Err(); err != ErrEnded {
		t.Error(err)
	}
	if err := a.channel.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	verdicts(t, a, "x/0 committed", "x/1 not received")
}

func verdicts(t *testing.T, s *side, want ...string) {
	t.Helper()
	var got []string
	for u, err := range s.channel.Unsettled() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s/%d %v", u.Stream, u.Index, u.Verdict))
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("verdicts %v, want %v", got, want)
	}
}

// Nonsense from the peer ends the attachment and nothing else.
func TestNonsense(t *testing.T) {
	for _, say := range [][]byte{{}, {0x01}, {0x7f}, append([]byte{0x01, 9}, make([]byte, 48)...), {0x10, 1}} {
		_, b := pair(t)
		j := join(t, nil, b)
		st, err := j.dialing.OpenStream(t.Context(), prefix)
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Send(t.Context(), say); err != nil {
			t.Fatal(err)
		}
		var y error
		select {
		case y = <-j.errs[1]:
		case <-time.After(20 * time.Second):
			t.Fatalf("%x has been taken in", say)
		}
		if _, ok := errors.AsType[*RefusedError](y); !ok {
			t.Errorf("%x: %v", say, y)
		}
		j.cut()
		if b.channel.Err() != nil {
			t.Errorf("%x ended the channel: %v", say, b.channel.Err())
		}
	}
}
