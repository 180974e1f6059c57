package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// fragments are the frames of msg on the main stream, each of at most size bytes of it.
func fragments(msg []byte, size int) [][]byte {
	var frames [][]byte
	for off := 0; off < len(msg); off += size {
		piece := msg[off:min(off+size, len(msg))]
		if off > 0 {
			frames = append(frames, append(appendSequencedHead(nil, frameFragment, mainStream, len(piece)), piece...))
			continue
		}
		total := binary.AppendUvarint(nil, uint64(len(msg)))
		head := appendSequencedHead(nil, frameFirst, mainStream, len(total)+len(piece))
		frames = append(frames, append(append(head, total...), piece...))
	}
	return frames
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8)
	}
	return p
}

// A message in fragments is put together where the receiver wants it, if there is room.
func TestBorrowedMemory(t *testing.T) {
	msg := pattern(100_000)
	pieces := fragments(msg, maxFragment)
	arrive := func(in *inbox, from, to int) {
		for _, p := range pieces[from:to] {
			in.put(p, nil, 0)
		}
	}
	room := func() []byte { return append(make([]byte, 0, 200_000), "before"...) }
	check := func(t *testing.T, got taken, dst []byte) {
		t.Helper()
		if !got.whole || !bytes.Equal(got.msg, append(dst[:len(dst):len(dst)], msg...)) {
			t.Errorf("whole %v, %d bytes", got.whole, len(got.msg))
		}
	}
	t.Run("in place", func(t *testing.T) {
		var in inbox
		dst := room()
		arrive(&in, 0, 2)
		if got := in.next(dst); got.whole {
			t.Fatal("half a message")
		}
		arrive(&in, 2, len(pieces))
		got := in.next(dst)
		check(t, got, dst)
		if &got.msg[0] != &dst[0] || got.joined || in.joining || in.lent {
			t.Errorf("in other memory: joined %v, joining %v, lent %v", got.joined, in.joining, in.lent)
		}
	})
	t.Run("taken back", func(t *testing.T) {
		var in inbox
		dst := room()
		arrive(&in, 0, 2)
		in.next(dst)
		in.takeBack(dst)
		clear(dst[:cap(dst)])
		arrive(&in, 2, len(pieces))
		dst = room()
		if got := in.next(dst); !got.joined || !bytes.Equal(got.msg, msg) {
			t.Errorf("joined %v, %d bytes", got.joined, len(got.msg))
		}
	})
	t.Run("not another's to take back", func(t *testing.T) {
		var in inbox
		dst := room()
		arrive(&in, 0, 2)
		in.next(dst)
		in.takeBack(room())
		in.takeBack(nil)
		arrive(&in, 2, len(pieces))
		check(t, in.next(dst), dst)
	})
	for name, other := range map[string][]byte{"another with room": room(), "another without": []byte("x"), "another with nothing": nil} {
		t.Run(name, func(t *testing.T) {
			var in inbox
			dst := room()
			arrive(&in, 0, 2)
			in.next(dst)
			arrive(&in, 2, len(pieces))
			got := in.next(other)
			check(t, got, other)
			clear(dst[:cap(dst)])
			check(t, got, other)
			if in.takeBack(dst); in.joining || in.lent {
				t.Error("something is left")
			}
		})
	}
	t.Run("abandoned", func(t *testing.T) {
		var in inbox
		dst := room()
		arrive(&in, 0, 2)
		in.next(dst)
		in.put(appendSequencedHead(nil, frameAbandon, mainStream, 0), nil, 0)
		arrive(&in, 0, len(pieces))
		check(t, in.next(dst), dst)
	})
}

// A receiver that gives up in the middle of a message has its memory for itself again, and the
// next one gets the whole message.
func TestReceiverGivesUpAmidMessage(t *testing.T) {
	for _, size := range []int{4 * maxFragment, 32 * maxFragment} { // with and without a reservation
		synctest.Test(t, func(t *testing.T) {
			budget := NewBudget(DefaultBudgetBytes)
			p := newPair(t, Config{Budget: budget})
			defer p.end()
			msg := pattern(size)
			say := func(from, to int) {
				for off := from; off < to; off += maxFragment {
					p.a.mu.Lock()
					if got := p.a.core.sendFragment(&p.a.core.streams.main, msg[off:off+maxFragment], off, size); got != spaceYes {
						p.a.mu.Unlock()
						t.Fatalf("no room at %d: %v", off, got)
					}
					p.a.unlock(time.Now())
					synctest.Wait() // credit comes back meanwhile
				}
			}
			if err := p.a.WaitActive(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			memory := make([]byte, 0, size)
			done := make(chan error, 1)
			go func() {
				_, err := p.b.ReceiveAppend(ctx, memory)
				done <- err
			}()
			say(0, 2*maxFragment)
			if !bytes.Equal(memory[:2*maxFragment], msg[:2*maxFragment]) {
				t.Error("the message is put together elsewhere")
			}
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			clear(memory[:size])
			go func() {
				got, err := p.b.ReceiveAppend(t.Context(), memory)
				if !bytes.Equal(got, msg) {
					t.Errorf("%d bytes of %d, %v", len(got), size, err)
				}
				done <- err
			}()
			say(2*maxFragment, size)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if budget.messages != 0 {
				t.Errorf("%d bytes stay reserved", budget.messages)
			}
		})
	}
}

// A block that is acknowledged while its write has not returned yet is used again.
func TestPinnedBlocksAreUsedAgain(t *testing.T) {
	var l sendLog
	l.init(NewBudget(1<<20), extent{1 << 20, 100})
	if l.reserve(10, &l.ordinary) != spaceYes {
		t.Fatal("no room")
	}
	l.append(frameMessage, mainStream, nil, []byte("message"))
	b, _, _ := l.take()
	l.ack(1)
	if !b.unwanted || len(b.buf) == 0 {
		t.Fatal("a block that is being written is given away")
	}
	if l.unpin(b); b.unwanted || len(b.buf) != 0 || l.held != 0 {
		t.Error("the block is not given back")
	}
}
