package durable

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/journal"
)

// current returns the attachment that a side is joined by, once there is one.
func current(t *testing.T, s *side, former *attachment) *attachment {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		s.channel.mu.Lock()
		a := s.channel.current
		s.channel.mu.Unlock()
		if a != nil && a != former {
			return a
		}
	}
	t.Fatal("no session was admitted")
	return nil
}

// The peer never hears of a commit that is not on disk.
func TestFailedCommitIsNotTold(t *testing.T) {
	dir := t.TempDir()
	a := open(t, filepath.Join(dir, "a"), nil, nil)
	b := open(t, filepath.Join(dir, "b"), &journal.Options{SegmentBytes: 4 << 10}, nil)
	join(t, a, b)
	send(t, a.stream("x"), "0", "1")
	first, second := want(t, b.stream("x"), "0"), want(t, b.stream("x"), "1")
	fill(t, b)
	var err error
	for state := bytes.Repeat([]byte("s"), 1<<10); err == nil; { // more than the segment holds
		err = b.stream("y").Commit(t.Context(), journal.Cursor{}, state)
	}
	if !errors.Is(err, journal.ErrFailed) {
		t.Fatal(err)
	}
	for _, m := range []*Message{first, second} {
		if err := b.stream("x").Commit(t.Context(), m.Cursor(), nil); !errors.Is(err, journal.ErrFailed) {
			t.Errorf("commit: %v", err)
		}
	}
	if c := b.stream("x").Committed(); c.Next != 0 || a.stream("x").Pending() != 2 {
		t.Errorf("%v is taken for committed", c)
	}
}

// What a side knows of its peer's lives outlives its own.
func TestFenceSurvivesRestart(t *testing.T) {
	a, b := pair(t)
	a = a.again() // generation 2
	j := join(t, a, b)
	current(t, b, nil)
	j.cut()
	if got := b.journal.State().Accepted; got.Incarnation != 2 || got.Attempt != a.channel.party.self.nonce {
		t.Errorf("on disk: %v", got)
	}
	b = b.again()
	if got := b.channel.party.peer; got != a.channel.party.self {
		t.Errorf("known after the restart: %v", got)
	}
}

// What a former session still says of commits has no effect.
func TestStaleCommit(t *testing.T) {
	a, b := pair(t)
	join(t, a, b)
	former := current(t, a, nil)
	send(t, a.stream("x"), "0")
	m := want(t, b.stream("x"), "0")
	join(t, a, b)
	now := current(t, a, former)
	if err := former.onCommitted(a.stream("x"), m.Cursor()); err != nil || a.stream("x").Pending() != 1 {
		t.Errorf("stale: %v, %d pending", err, a.stream("x").Pending())
	}
	if err := now.onCommitted(a.stream("x"), m.Cursor()); err != nil || a.stream("x").Pending() != 0 {
		t.Errorf("current: %v, %d pending", err, a.stream("x").Pending())
	}
}

// A greeting that arrives after a later session was admitted accuses nobody: it speaks of a
// life that may be over.
func TestLateGreeting(t *testing.T) {
	a, b := pair(t)
	join(t, a, b)
	former := current(t, b, nil)
	old := former.channel.party.peer
	join(t, a.again(), b)
	current(t, b, former)
	late := &attachment{channel: b.channel, session: former.session, number: former.number, ctx: t.Context()}
	if err := late.admit(hello{self: old}); err != errReplaced {
		t.Errorf("%v", err)
	}
}

func TestJudgeCommitted(t *testing.T) {
	at := func(n, d uint64) journal.Cursor { return journal.Cursor{Next: n, Digest: d} }
	for _, c := range []struct {
		c      journal.Cursor
		digest uint64
		known  bool
		news   bool
		reason Reason
	}{
		{at(2, 22), 22, true, false, 0},
		{at(3, 33), 33, true, true, 0},
		{at(3, 34), 33, true, false, ReasonDigest},
		{at(3, 34), 0, false, true, 0},
		{at(1, 11), 0, false, false, 0},
		{at(5, 55), 0, false, false, ReasonRolledBack},
	} {
		news, err := judgeCommitted(c.c, at(2, 22), at(4, 44), c.digest, c.known)
		var reason Reason
		if e, ok := errors.AsType[*RefusedError](err); ok {
			reason = e.Reason
		}
		if news != c.news || reason != c.reason {
			t.Errorf("%v: news %t, %v", c.c, news, err)
		}
	}
}

// What is being committed when the channel ends is among the cursors that the end tells.
func TestEndWaitsForCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		join(t, a, b)
		send(t, a.stream("x"), "0", "1")
		m := want(t, b.stream("x"), "0", "1")
		c := b.channel
		c.mu.Lock()
		c.end.commits++ // somebody is between the check and the journal
		c.mu.Unlock()
		ended := make(chan error, 1)
		go func() { ended <- c.End(context.Background()) }()
		<-c.Done()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("the end has not waited: %v", err)
		default:
		}
		if err := b.journal.CommitReceive(t.Context(), "x", m.Cursor(), nil); err != nil {
			t.Fatal(err)
		}
		c.endCommit()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		verdicts(t, a, "x/0 committed", "x/1 committed")
	})
}

// canceled is done when the journal has taken over what it is asked for.
type canceled struct {
	context.Context
	asked int
}

func (c *canceled) Err() error {
	if c.asked++; c.asked > 1 {
		return context.Canceled
	}
	return nil
}

func (c *canceled) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

func pending(err error) bool {
	_, ok := errors.AsType[*journal.PendingError](err)
	return ok
}

// A message whose sender did not wait is delivered all the same, without another one, and a
// commit whose caller did not wait is told.
func TestPendingSend(t *testing.T) {
	a, b := pair(t)
	join(t, a, b)
	current(t, a, nil)
	var n, seen uint64
	for tries := 0; ; tries++ { // whether the disk or the caller is faster is chance
		_, err := a.stream("x").Send(&canceled{Context: context.Background()}, []byte("m"))
		n++
		if pending(err) {
			break
		}
		if err != nil || tries > 1000 {
			t.Fatal(err)
		}
	}
	var m *Message
	for ; seen < n; seen++ {
		m = want(t, b.stream("x"), "m")
	}
	if err := b.stream("x").Commit(&canceled{Context: context.Background()}, m.Cursor(), nil); err != nil && !pending(err) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := a.stream("x").WaitCommitted(ctx, m.Index); err != nil {
		t.Fatal(err)
	}
}

// A commit on one stream makes room for another where they share a limit.
func TestRoomIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		a := open(t, filepath.Join(dir, "a"), &journal.Options{MaxRecords: 3}, nil)
		b := open(t, filepath.Join(dir, "b"), nil, nil)
		join(t, a, b)
		send(t, a.stream("x"), "0", "1", "2")
		sent := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_, err := a.stream("y").Send(ctx, []byte("other"))
			sent <- err
		}()
		m := want(t, b.stream("x"), "0")
		synctest.Wait() // the sender waits for room
		select {
		case err := <-sent:
			t.Fatalf("there was room: %v", err)
		default:
		}
		commit(t, b.stream("x"), m)
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		want(t, b.stream("y"), "other")
	})
}

// A peer has one control lane; another one is refused and does no harm.
func TestSecondControlLane(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	current(t, b, nil)
	st, err := j.dialing.OpenStream(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	a.channel.mu.Lock()
	again := a.channel.party.hello()
	a.channel.mu.Unlock()
	if err := st.Send(t.Context(), again.append(nil)); err != nil {
		t.Fatal(err)
	}
	_, y := j.over()
	refused(t, y, ReasonProtocol, false)
}

// One session is not served twice at a time.
func TestRunTwice(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	current(t, a, nil)
	if err := a.channel.Run(t.Context(), j.dialing, nil); errors.Of(err) != errors.Invalid {
		t.Errorf("%v", err)
	}
	send(t, a.stream("x"), "0")
	want(t, b.stream("x"), "0")
}

// Whoever waits to receive hears of the end, and of a stream that can't go on.
func TestReceiversWake(t *testing.T) {
	for name, stop := range map[string]func(a, b *side){
		"close": func(_, b *side) { b.channel.Close() },
		"end":   func(a, _ *side) { _ = a.channel.End(context.Background()) },
		"fails": func(_, b *side) { st, _ := b.channel.Stream("x"); st.fail(errors.ErrUnsupported) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			join(t, a, b)
			send(t, a.stream("x"), "0")
			st := b.stream("x")
			want(t, st, "0")
			got := make(chan error, 1)
			go func() {
				_, err := st.Receive(context.Background())
				got <- err
			}()
			for len(st.turn) == 0 {
				time.Sleep(time.Millisecond)
			}
			stop(a, b)
			select {
			case err := <-got:
				if err == nil {
					t.Error("a message out of nowhere")
				}
			case <-time.After(20 * time.Second):
				t.Fatal("Receive still waits")
			}
		})
	}
}

// A stream that can't go on leaves the others alone, and the peer learns why.
func TestFailedStreamAlone(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0")
	want(t, b.stream("x"), "0")
	b.stream("x").fail(&RefusedError{Reason: ReasonDigest, Stream: "x"})
	err := a.stream("x").WaitCommitted(t.Context(), 0)
	refused(t, err, ReasonDigest, true)
	send(t, a.stream("y"), "goes on")
	commit(t, b.stream("y"), want(t, b.stream("y"), "goes on"))
	j.cut()
}

// A message that the peer's session does not take ends its stream with an error that says so.
func TestTooLargeForThePeer(t *testing.T) {
	a, b := pair(t)
	cfg := session.Config{Key: key, Budget: session.NewBudget(64 << 20), MaxMessage: 64 << 10}
	joinBy(t, a, b, nil, cfg)
	if _, err := a.stream("x").Send(t.Context(), make([]byte, 65<<10)); err != nil {
		t.Fatal(err)
	}
	if err := a.stream("x").WaitCommitted(t.Context(), 0); !errors.Is(err, session.ErrTooLarge) || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("%v", err)
	}
	send(t, a.stream("y"), "goes on")
	want(t, b.stream("y"), "goes on")
}

// A peer that opens names without end is told where the limit is.
func TestTooManyStreams(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	current(t, b, nil)
	for i := range maxStreams {
		b.stream(strings.Repeat("n", i+1))
	}
	st, err := j.dialing.OpenStream(t.Context(), prefix+"one more")
	if err != nil {
		t.Fatal(err)
	}
	msg, err := st.Receive(t.Context())
	if err != nil || messageType(msg[0]) != typeRefuse {
		t.Fatalf("%x, %v", msg, err)
	}
	refused(t, parseRefusal("", msg[1:]), ReasonLimit, true)
}

// A journal that is closed under a running channel is an error for its users and no panic.
func TestJournalClosed(t *testing.T) {
	a, b := pair(t)
	j := join(t, a, b)
	send(t, a.stream("x"), "0")
	m := want(t, b.stream("x"), "0")
	b.journal.Close()
	a.journal.Close()
	if err := b.stream("x").Commit(t.Context(), m.Cursor(), nil); !errors.Is(err, journal.ErrClosed) {
		t.Error(err)
	}
	if _, err := a.stream("x").Send(t.Context(), nil); !errors.Is(err, journal.ErrClosed) {
		t.Error(err)
	}
	j.cut()
	j.over()
}

// Close ends a Run whose session has no peer yet.
func TestCloseBeforeAdmission(t *testing.T) {
	a, _ := pair(t)
	cfg := session.Config{Key: key}
	s, err := session.Dial(func(ctx context.Context, _ []byte) (session.Conn, []byte, error) {
		<-ctx.Done()
		return nil, nil, ctx.Err()
	}, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.CloseNow()
	done := make(chan error, 1)
	go func() { done <- a.channel.Run(context.Background(), s, nil) }()
	for begun := false; !begun; {
		a.channel.mu.Lock()
		begun = len(a.channel.runs) == 1
		a.channel.mu.Unlock()
	}
	a.channel.Close()
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}
