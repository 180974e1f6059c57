package calls

import (
	"context"
	"time"

	"github.com/standardbeagle/brum/internal/callid"
)

// clockLeeway is by how much two measurements of one span may differ.
const clockLeeway = time.Second

// absentLocked is the state of a call that is not here and was made that long ago: it has
// not arrived, or nobody can know.
func (t *Table) absentLocked(now time.Time, age time.Duration) callid.State {
	switch {
	case t.forgotten.IsZero():
	case age < 0, !now.Add(-age - clockLeeway).After(t.forgotten):
		return callid.Forgotten
	}
	return callid.NotRun
}

// Settling says what a question does to a call that has not arrived.
type Settling bool

const (
	Ask    Settling = false // nothing: it may still arrive
	Settle Settling = true  // it will never run
)

// Outcome tells what is known of a call that was made that long ago (negative: not known).
// With a wait it waits so long for the end of one that is running.
func (t *Table) Outcome(ctx context.Context, id callid.ID, how Settling, age, wait time.Duration) callid.Outcome {
	out, r := t.look(id, how, age)
	if r == nil || wait <= 0 {
		return out
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-r.done:
		out, _ = t.look(id, how, age)
	case <-timer.C:
	case <-ctx.Done():
	}
	return out
}

// look returns a call's outcome, and its run if that has not ended.
func (t *Table) look(id callid.ID, how Settling, age time.Duration) (callid.Outcome, *run) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.calls[id]
	switch {
	case c == nil:
		return t.settleLocked(id, how, age, now), nil
	case c.State == callid.Running:
		return c.Outcome, c.run
	}
	return c.Outcome, nil
}

// settleLocked answers for a call that is not here.
func (t *Table) settleLocked(id callid.ID, how Settling, age time.Duration, now time.Time) callid.Outcome {
	out := callid.Outcome{CallID: string(id), State: t.absentLocked(now, age)}
	if out.State == callid.NotRun && how == Settle {
		c := &call{Outcome: out}
		c.Arrived = now
		t.calls[id] = c
		t.endLocked(c, callid.NotRun, now)
		out = c.Outcome
	}
	return out
}

// Cancel stops a call: one that runs finds its context done, one that has not arrived
// will never run, and one that has ended stays as it is.
func (t *Table) Cancel(id callid.ID) callid.Outcome {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.calls[id]
	if c == nil {
		return t.settleLocked(id, Settle, 0, now)
	}
	if c.State == callid.Running {
		c.cancel()
	}
	return c.Outcome
}
