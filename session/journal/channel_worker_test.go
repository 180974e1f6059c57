package journal_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session/durable"
	"github.com/standardbeagle/brum/session/journal"
)

// worker is one life of a side of a channel that is being tortured: it sends numbered messages
// and takes in those of the other side, with its state beside the cursor.
type worker struct {
	side    byte
	journal *journal.Journal
	stream  *durable.Stream
	note    func(format string, args ...any)
}

const streamName = "numbers"

func newWorker(side byte, j *journal.Journal, c *durable.Channel, note func(string, ...any)) (*worker, error) {
	st, err := c.Stream(streamName)
	return &worker{side, j, st, note}, err
}

// numbered is a side's message of that number, which its receiver can verify.
func numbered(side byte, n uint64) []byte {
	b := binary.BigEndian.AppendUint64([]byte{side}, n)
	for range n % 200 {
		b = append(b, byte(n))
	}
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// send sends what comes next, while not too much is under way and going is not done.
func (w *worker) send(going context.Context) error {
	state, _ := w.journal.Stream(streamName)
	for n := state.Sent.Next; ; n++ {
		if w.stream.Pending() > 40 {
			if err := w.stream.WaitCommitted(going, n-20); err != nil {
				return err
			}
		}
		index, err := w.stream.Send(going, numbered(w.side, n))
		if err != nil {
			return err
		}
		if index != n {
			return fmt.Errorf("message %d got the number %d", n, index)
		}
		w.note("sent %d", index)
	}
}

// receive takes in the other side's messages. The state is a count and a checksum of all.
func (w *worker) receive(ctx context.Context) error {
	state := w.stream.State()
	if state == nil {
		state = make([]byte, 12)
	}
	count, sum := binary.BigEndian.Uint64(state), binary.BigEndian.Uint32(state[8:])
	if got := w.stream.Committed().Next; got != count {
		return &wrong{fmt.Sprintf("%d messages are committed, the state has %d", got, count)}
	}
	for {
		m, err := w.stream.Receive(ctx)
		if err != nil {
			return err
		}
		if want := numbered(1-w.side, count); m.Index != count || string(m.Payload) != string(want) {
			return &wrong{fmt.Sprintf("received %d: %x, want %d: %x", m.Index, m.Payload, count, want)}
		}
		count, sum = count+1, crc32.Update(sum, crc32.IEEETable, m.Payload)
		if count%3 != 0 && w.stream.Committed().Next+8 > count && ctx.Value(hurry) == nil {
			continue // some are received and not committed
		}
		state = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, count), sum)
		if err := w.stream.Commit(ctx, m.Cursor(), state); err != nil {
			return err
		}
		w.note("committed %d", m.Index)
	}
}

// expected is the state of a receiver that has taken in so many of a side's messages.
func expected(side byte, count uint64) []byte {
	var sum uint32
	for n := range count {
		sum = crc32.Update(sum, crc32.IEEETable, numbered(side, n))
	}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, count), sum)
}

type contextKey struct{}

// hurry in a context: everything is committed at once.
var hurry contextKey

// wrong is a promise that was broken.
type wrong struct{ what string }

func (e *wrong) Error() string { return e.what }

// broken reports whether err is more than the end of a life.
func broken(err error) bool {
	if _, ok := errors.AsType[*wrong](err); ok {
		return true
	}
	_, refused := errors.AsType[*durable.RefusedError](err)
	return refused
}
