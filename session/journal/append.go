package journal

import (
	"context"
	"fmt"

	"github.com/standardbeagle/brum/errors"
)

// Ticket stands for a record that was handed over and is becoming durable.
type Ticket struct {
	// Index is the record's number in its stream, from 0.
	Index   uint64
	journal *Journal
	batch   uint64
}

// Wait returns nil when the record is durable. It may be called any number of times.
func (t Ticket) Wait(ctx context.Context) error { return t.journal.wait(ctx, t.batch) }

// Append adds a message to a stream's send log and returns its number when it is durable.
// All who wait at the same time share one fsync. The stream is made if it does not exist.
//
// Errors: *FullError, ErrEnded, ErrClosed, *FailedError; *PendingError if ctx ended while
// the message, which has a number by then, was being written; one of kind Invalid if it is
// larger than the journal may ever hold. With any other error the
// message is not in the log, except that after a *FailedError a later Open may find it.
func (j *Journal) Append(ctx context.Context, stream string, payload []byte) (uint64, error) {
	t, err := j.Stage(ctx, stream, payload)
	if err != nil {
		return 0, err
	}
	return t.Index, t.Wait(ctx)
}

// Stage is Append without the wait: the message has its number and its place, and is written
// with the next fsync, which begins at once. payload may be changed when Stage returns. Stage
// waits, as long as ctx permits, only when 1 MiB is staged already.
func (j *Journal) Stage(ctx context.Context, stream string, payload []byte) (Ticket, error) {
	if len(payload) > MaxPayload {
		return Ticket{}, invalid("payload of %d bytes, the limit is %d", len(payload), MaxPayload)
	}
	if err := context.Cause(ctx); err != nil {
		return Ticket{}, fmt.Errorf("journal: %w", err)
	}
	j.mu.Lock()
	for j.err == nil && !j.closing && len(j.staged.buf) >= maxStaged {
		w := j.join(&j.room)
		j.mu.Unlock()
		if err := w.wait(ctx); err != nil {
			return Ticket{}, fmt.Errorf("journal: %w", err)
		}
		j.mu.Lock()
	}
	defer j.mu.Unlock()
	st, err := j.writable(stream)
	if err != nil {
		return Ticket{}, err
	}
	if err := j.full(st, stream, len(payload)); err != nil {
		return Ticket{}, err
	}
	if st == nil {
		st = j.makeStream(stream)
	}
	index, digest := st.next(), Extend(st.digest, payload)
	st.push(len(payload), digest)
	j.bytes += int64(len(payload)) + recordOverhead
	j.records++
	j.stageSend(st, index, digest, payload)
	j.signal()
	return Ticket{Index: index, journal: j, batch: j.staged.number}, nil
}

// writable returns the stream, or nil if it is to be made.
func (j *Journal) writable(name string) (*stream, error) {
	if err := j.usable(); err != nil {
		return nil, err
	}
	if j.state.end != nil {
		return nil, ErrEnded
	}
	return j.lookup(name)
}

// lookup returns the stream, or nil if it is to be made and can be.
func (j *Journal) lookup(name string) (*stream, error) {
	if st := j.state.names[name]; st != nil {
		return st, nil
	}
	if name == "" || len(name) > MaxName {
		return nil, invalid("stream name of %d bytes, it must have 1 to %d", len(name), MaxName)
	}
	if len(j.state.streams) >= j.opts.MaxStreams {
		return nil, fmt.Errorf("journal %s: stream %q would be one more than %d: %w", j.dir, name, j.opts.MaxStreams, errors.Limit)
	}
	return nil, nil
}

func (j *Journal) full(st *stream, name string, size int) error {
	var own int64
	if st != nil {
		own = st.bytes
	}
	n := int64(size) + recordOverhead
	switch {
	case n > min(j.opts.MaxBytes, j.opts.MaxStreamBytes):
		return invalid("stream %q: payload of %d bytes never fits", name, size)
	case j.records >= j.opts.MaxRecords:
		return &FullError{j.dir, name, "records in all", int64(j.opts.MaxRecords)}
	case j.bytes+n > j.opts.MaxBytes:
		return &FullError{j.dir, name, "bytes in all", j.opts.MaxBytes}
	case own+n > j.opts.MaxStreamBytes:
		return &FullError{j.dir, name, "bytes in this stream", j.opts.MaxStreamBytes}
	default:
		return nil
	}
}

func (j *Journal) makeStream(name string) *stream {
	st := j.state.addStream(j.state.lastStream+1, name)
	j.stage(&record{kind: kindStream, stream: st.id, data: []byte(name)})
	return st
}

// stage adds a record to the next batch.
func (j *Journal) stage(r *record) { j.staged.buf = r.append(j.staged.buf) }

func (j *Journal) stageSend(st *stream, index, digest uint64, payload []byte) {
	g := j.staged
	g.buf = appendSend(g.buf, st.id, index, digest, payload)
	g.sends = append(g.sends, placed{st, index, len(g.buf) - len(payload)})
}
