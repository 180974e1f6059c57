package journal

import (
	"context"
	"fmt"
)

// Trim says that the peer has committed all messages of a stream below next, which are
// needed no more. Going back changes nothing. It does not wait: the mark becomes durable with
// the next fsync of anything, or Sync; should it be lost, the peer says it again. A next
// beyond what is durable is a *BeyondError.
func (j *Journal) Trim(stream string, next uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.usable(); err != nil {
		return err
	}
	st := j.state.names[stream]
	switch {
	case st == nil && next == 0:
		return nil
	case st == nil:
		return &BeyondError{Stream: stream, Peer: next}
	case next > st.durable:
		return &BeyondError{Stream: stream, Have: st.durable, Peer: next}
	case next <= st.base:
		return nil
	}
	j.uncount(st)
	digest := st.digestAt(next)
	st.trim(next, digest)
	j.recount(st)
	j.stage(&record{kind: kindTrim, stream: st.id, index: next, digest: digest})
	if j.reclaimable() {
		j.signal()
	}
	return nil
}

// Forget drops a stream that will not be used again: its log, its cursor and its state. It
// returns when that is durable.
func (j *Journal) Forget(ctx context.Context, stream string) error {
	return j.durably(ctx, func() (bool, error) {
		st := j.state.names[stream]
		if st == nil {
			return false, nil
		}
		j.uncount(st)
		st.trim(st.next(), st.digest)
		j.state.dropStream(st)
		j.stage(&record{kind: kindDrop, stream: st.id})
		return true, nil
	})
}

func (j *Journal) uncount(st *stream) { j.bytes -= st.bytes; j.records -= st.len() }
func (j *Journal) recount(st *stream) { j.bytes += st.bytes; j.records += st.len() }

// reclaimable reports whether a commit would free a file.
func (j *Journal) reclaimable() bool {
	for _, s := range j.sealed {
		if s.live == 0 && s.pins == 0 {
			return true
		}
	}
	return len(j.staged.buf) >= maxStaged/2 // marks alone must not pile up
}

// durably stages what change stages and waits until it is durable. change is called with mu
// held; when it reports false there is nothing to make durable but what was staged before.
func (j *Journal) durably(ctx context.Context, change func() (bool, error)) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.mu.Lock()
	err := j.usable()
	if err == nil {
		_, err = change()
	}
	number := j.staged.number
	if j.staged.empty() {
		number--
	}
	j.mu.Unlock()
	if err != nil {
		return err
	}
	return j.wait(ctx, number)
}
