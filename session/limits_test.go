package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// S5: full means that Send blocks until its context ends and TrySend says so; nothing that
// was refused is delivered, everything else is.
func TestK2_FullBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{ReplayBytes: 3 * largeBlock})
		defer p.end()
		p.net.set(func(n *network) { n.down = io.ErrUnexpectedEOF })
		p.net.last().cut()
		msg := bytes.Repeat([]byte("m"), 1000)
		sent := 0
		for ; p.a.TrySend(msg) == nil; sent++ {
			if sent > 1000 {
				t.Fatal("no end of room")
			}
		}
		if err := p.a.TrySend(msg); !errors.Is(err, ErrFull) {
			t.Fatalf("TrySend into a full buffer: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if err := p.a.Send(ctx, msg); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Fatalf("Send into a full buffer: %v after %v", err, time.Since(start))
		}
		if held := p.a.Stats().UnackedBytes; held > 3*largeBlock {
			t.Errorf("%d bytes held", held)
		}
		blocked := make(chan error, 1)
		go func() { blocked <- p.a.Send(t.Context(), []byte("last")) }()
		synctest.Wait()
		p.net.set(func(n *network) { n.down = nil })
		for range sent {
			want(t, p.b, string(msg))
		}
		want(t, p.b, "last")
		if err := <-blocked; err != nil {
			t.Errorf("the sender that waited: %v", err)
		}
	})
}

// S5, §6: a receiver that never consumes bounds what it is sent, and its acknowledgements
// and its own messages go on.
func TestSlowReaderBlocksOnlyItsSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		msg := bytes.Repeat([]byte("m"), 10000)
		n := 0
		for ; p.a.TrySend(msg) == nil; n++ {
			time.Sleep(time.Millisecond)
		}
		if n < DefaultCredit/len(msg)-1 || n > DefaultCredit/len(msg) {
			t.Errorf("%d messages of %d bytes into a credit of %d", n, len(msg), DefaultCredit)
		}
		time.Sleep(time.Minute)
		if st := p.a.Stats(); st.UnackedMessages != 0 || st.State != Stalled {
			t.Errorf("a minute later: %+v", st)
		}
		if st := p.b.Stats(); st.InboxBytes > DefaultCredit {
			t.Errorf("inbox of %d bytes", st.InboxBytes)
		}
		send(t, p.b, "still talking")
		want(t, p.a, "still talking")
		for range n {
			want(t, p.b, string(msg))
		}
		send(t, p.a, "and on")
		want(t, p.b, "and on")
	})
}

// A common budget that others use up leaves every session its share, and who waits for it
// goes on when it is released.
func TestK2_BudgetIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(4 * fairShare)
		p := newPair(t, Config{Budget: budget})
		defer p.end()
		p.net.set(func(n *network) { n.down = io.ErrUnexpectedEOF })
		p.net.last().cut()
		for range 4 { // others, each with its share
			if !budget.take(fairShare, 0) {
				t.Fatal("the budget can't be used up")
			}
		}
		msg := bytes.Repeat([]byte("m"), 30000)
		n := 0
		for ; p.a.TrySend(msg) == nil; n++ {
		}
		if n != fairShare/largeBlock {
			t.Errorf("%d blocks in a used-up budget, want the fair share of %d", n, fairShare/largeBlock)
		}
		done := make(chan error)
		go func() { done <- p.a.Send(t.Context(), msg) }()
		synctest.Wait()
		budget.release(4 * fairShare)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A cancelled Send of a large message is never delivered, not even in part, and the stream
// goes on behind it.
func TestCancelledLargeSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() { failed <- p.a.Send(ctx, make([]byte, 10*DefaultCredit)) }() // waits for the reader
		synctest.Wait()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled Send: %v", err)
		}
		sent := make(chan error)
		go func() { sent <- p.a.Send(t.Context(), []byte("next")) }()
		want(t, p.b, "next")
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	})
}

// Concurrent senders of small and large messages do not mix them up.
func TestConcurrentSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		const senders, each = 8, 30
		var wg sync.WaitGroup
		for i := range senders {
			wg.Go(func() {
				for k := range each {
					msg := bytes.Repeat([]byte{byte(i)}, 1+k*i*1000)
					if err := p.a.Send(t.Context(), msg); err != nil {
						t.Error(err)
					}
				}
			})
		}
		next := make([]int, senders)
		for range senders * each {
			msg, err := p.b.Receive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			i := int(msg[0])
			if want := 1 + next[i]*i*1000; len(msg) != want || bytes.Count(msg, msg[:1]) != want {
				t.Fatalf("sender %d, message %d: %d bytes, want %d", i, next[i], len(msg), want)
			}
			next[i]++
		}
		wg.Wait()
	})
}

// One session costs a goroutine while it is linked and quiet, and none while it waits for its peer.
func TestGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := runtime.NumGoroutine()
		const n = 20
		pairs := make([]*pair, n)
		for i := range pairs {
			pairs[i] = newPair(t, Config{})
		}
		time.Sleep(time.Second)
		if got := runtime.NumGoroutine() - before; got > n*2+2 {
			t.Errorf("%d goroutines for %d linked pairs", got, n)
		}
		for _, p := range pairs {
			p.net.set(func(n *network) { n.down = io.ErrUnexpectedEOF })
			p.net.last().cut()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := runtime.NumGoroutine() - before; got > 2 {
			t.Errorf("%d goroutines for %d sessions without links", got, n)
		}
		for _, p := range pairs {
			p.end()
		}
	})
}

func TestConfigErrors(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no key":           {},
		"short key":        {Key: []byte("short")},
		"small credit":     {Key: testKey, Credit: 1},
		"small replay":     {Key: testKey, ReplayBytes: 1},
		"window too tight": {Key: testKey, Heartbeat: time.Second, Window: time.Second},
		"small messages":   {Key: testKey, MaxMessage: 10},
		"long path":        {Key: testKey, LongPath: 1<<31 - 1},
	} {
		if _, err := Dial(nil, &cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if s := fmt.Sprint(State(99), Trigger(99), Reason(99), refusal(99), Closed, TriggerWake); s == "" {
		t.Error(s)
	}
}

// §3.2: a large message is put together only when there is memory for it; until then its
// sender waits and everything else goes on.
func TestLargeMessagesWaitForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(3 << 20)
		p := newPair(t, Config{Budget: budget})
		defer p.end()
		if !budget.takeMessage(2<<20, 0) {
			t.Fatal("no room")
		}
		big := bytes.Repeat([]byte("big"), 1<<19)
		got := make(chan []byte)
		go func() {
			msg, _ := p.b.Receive(t.Context())
			got <- msg
		}()
		sent := make(chan error, 1)
		go func() { sent <- p.a.Send(t.Context(), big) }()
		synctest.Wait()
		select {
		case err := <-sent:
			t.Fatalf("the sender did not wait: %v", err)
		default:
		}
		st, err := p.a.OpenStream(t.Context(), "")
		if err != nil || st.Send(t.Context(), []byte("meanwhile")) != nil {
			t.Fatal(err)
		}
		other, err := p.b.AcceptStream(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if msg, err := other.Receive(t.Context()); string(msg) != "meanwhile" {
			t.Fatalf("%q, %v", msg, err)
		}
		budget.releaseMessage(2 << 20)
		if !bytes.Equal(<-got, big) || <-sent != nil {
			t.Error("the large message did not come")
		}
		if err := p.a.Send(t.Context(), make([]byte, 3<<20+1)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("above the receiver's memory: %v", err)
		}
	})
}
