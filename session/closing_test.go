package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// §7.2: nothing follows END. Whoever waits for room while the session closes, or comes later,
// gets ErrClosed at once; the close goes on and everything that was accepted is delivered.
func TestNothingIsSentBehindTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{ReplayBytes: 3 * largeBlock})
		defer p.end()
		st, err := p.a.OpenStream(t.Context(), "other")
		if err != nil {
			t.Fatal(err)
		}
		p.net.set(func(n *network) { n.down = io.ErrUnexpectedEOF })
		p.net.last().cut()
		msg := bytes.Repeat([]byte("m"), 1000)
		accepted := 0
		for ; p.a.TrySend(msg) == nil; accepted++ {
		}
		waiting := make(chan error, 2)
		go func() { waiting <- p.a.Send(t.Context(), msg) }()
		go func() { waiting <- st.Send(t.Context(), bytes.Repeat(msg, 100)) }() // in fragments
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- p.a.Close(t.Context()) }()
		synctest.Wait()
		for range 2 {
			if err := <-waiting; !errors.Is(err, ErrClosed) {
				t.Fatalf("a send that waits while the session closes: %v", err)
			}
		}
		if err := st.CloseSend(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("CloseSend behind a close: %v", err)
		}
		if err := st.Reset(t.Context()); err != nil {
			t.Errorf("Reset behind a close: %v", err)
		}
		if _, err := st.Receive(t.Context()); !errors.Is(err, ErrReset) {
			t.Errorf("Receive behind a reset: %v", err)
		}
		p.net.set(func(n *network) { n.down = nil })
		for range accepted {
			want(t, p.b, string(msg))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := p.b.Receive(ctx); err != io.EOF {
			t.Errorf("behind the last message: %v", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// S4, S5: what has arrived of a message whose rest will never come is dropped when the session
// ends and holds no memory; the message before it, however far it was consumed, is delivered.
func TestUnfinishedMessageAtTheEnd(t *testing.T) {
	const pieces = 9 // more than the credit at first, and more than is put together unreserved
	first := bytes.Repeat([]byte("1"), pieces*maxFragment)
	second := bytes.Repeat([]byte("2"), pieces*maxFragment)
	for name, run := range map[string]struct {
		before   int  // pieces of the first message that are consumed before the rest comes
		second   int  // pieces of the second that arrive
		consumed bool // as far as they have come
	}{
		"behind one half consumed": {5, 3, false},
		"behind nothing":           {0, 3, false},
		"in the hands of Receive":  {0, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			ct := newCoreTest(t)
			link := ct.attach()
			ct.settle(link)
			say := func(msg []byte, from, to int) {
				for i := from; i < to; i++ {
					if got := ct.a.sendFragment(&ct.a.streams.main, msg[i*maxFragment:(i+1)*maxFragment], i*maxFragment, len(msg)); got != spaceYes {
						t.Fatalf("no room for fragment %d: %v", i, got)
					}
				}
				ct.settle(link)
			}
			consume := func() taken {
				st := &ct.b.streams.main
				got := ct.b.consume(st, nil)
				if got.need > 0 {
					if !ct.b.cfg.Budget.takeMessage(got.need, ct.b.streams.reserved()) {
						t.Fatal("no memory")
					}
					st.in.begin(make([]byte, 0, got.need), got.need, got.need)
					got = ct.b.consume(st, nil)
				}
				ct.settle(link)
				return got
			}
			if run.before > 0 {
				say(first, 0, run.before)
				consume()
				say(first, run.before, pieces)
			}
			say(second, 0, run.second)
			if run.consumed {
				consume()
			}
			ct.a.closeNow(ct.now)
			ct.b.linkLost(ct.now, link, TriggerError, errCut)
			ct.b.lose(ct.now, ReasonExpired, nil)
			if run.before > 0 {
				if got := consume(); !got.whole || !bytes.Equal(got.msg, first) {
					t.Errorf("a message that has arrived whole is not delivered: %v, %d bytes", got.whole, len(got.msg))
				}
			}
			if got := ct.b.consume(&ct.b.streams.main, nil); got.whole || got.need > 0 {
				t.Errorf("half a message: whole %v, wants %d bytes", got.whole, got.need)
			}
			if used := ct.b.cfg.Budget.Used(); used != 0 || ct.b.inboxBytes() != 0 {
				t.Errorf("%d bytes are still in use, %d in the inbox", used, ct.b.inboxBytes())
			}
		})
	}
}

// A message that has arrived whole can be had after the end, too, as soon as there is memory;
// until then its receiver waits, unless CloseNow drops it.
func TestMemoryForAMessageAfterTheEnd(t *testing.T) {
	for _, dropped := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			const limit = 8 << 20
			p := newPair(t, Config{Credit: 2 << 20, MaxCredit: 2 << 20, Budget: NewBudget(limit)})
			defer p.end()
			p.budget.takeMessage(limit, 0) // others use it up
			msg := bytes.Repeat([]byte("m"), smallMessage+1)
			if err := p.a.Send(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			got := make(chan error, 1)
			go func() {
				m, err := p.b.Receive(t.Context())
				if err == nil && !bytes.Equal(m, msg) {
					err = errors.New("something else")
				}
				got <- err
			}()
			synctest.Wait()
			p.a.CloseNow()
			<-p.b.Done()
			synctest.Wait()
			select {
			case err := <-got:
				t.Fatalf("Receive returns without memory: %v", err)
			default:
			}
			if dropped {
				p.b.CloseNow()
			} else {
				p.budget.releaseMessage(limit)
			}
			if err := <-got; (err != nil) != dropped {
				t.Errorf("dropped %v: %v", dropped, err)
			}
			if dropped {
				p.budget.releaseMessage(limit)
			}
		})
	}
}
