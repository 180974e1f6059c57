package calls

import (
	"context"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/callid"
)

// Limits of a Table.
type Limits struct {
	Ended   int // calls that have ended and are remembered
	Running int // at the same time
	Result  int // bytes of a result that is kept
	Results int // bytes of all results that are kept
}

// DefaultLimits are those of New.
var DefaultLimits = Limits{Ended: 4096, Running: 4096, Result: 256 << 10, Results: 16 << 20}

// Table remembers calls. New makes one.
type Table struct {
	limits Limits
	life   context.Context // of all runs
	end    context.CancelFunc
	runs   sync.WaitGroup // added to under mu, while not closed

	mu      sync.Mutex
	calls   map[callid.ID]*call
	ended   []*call // oldest first
	kept    []*call // those of ended whose result is kept
	bytes   int     // of their results
	running int
	closed  bool
	// forgotten is when the youngest call that was forgotten had arrived.
	forgotten time.Time
}

// call is guarded by the table's mutex, except for what says otherwise.
type call struct {
	callid.Outcome
	arguments digest
	run       *run // nil if it never ran, or its result was dropped
	cancel    context.CancelFunc
	size      int // of the result, if that is kept
}

// run is one execution. Whoever waits for it keeps hold of it.
type run struct {
	done   chan struct{} // closed when the fields below are set for good
	result mcp.Result
	err    error
}

// Tool runs a call.
type Tool func(ctx context.Context) (mcp.Result, error)

// New returns an empty table.
func New(limits Limits) *Table {
	life, end := context.WithCancel(context.Background())
	return &Table{limits: limits, life: life, end: end, calls: make(map[callid.ID]*call)}
}

// Close cancels what runs, lets nothing new run, and waits for the end of it all.
func (t *Table) Close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.end()
	t.runs.Wait()
}

// Do runs a call, unless it has arrived before: then it waits for that one. The error is
// a refusal with one of callid's codes, the tool's, or ctx's. The run does not end with ctx,
// except if the caller withdraws it.
func (t *Table) Do(ctx context.Context, m callid.Meta, tool string, arguments []byte, f Tool) (mcp.Result, error) {
	r, err := t.arrive(ctx, m, tool, digestOf(arguments), f)
	if err != nil {
		return nil, err
	}
	select {
	case <-r.done:
		return r.result, r.err
	case <-ctx.Done():
		if withdrawn(ctx) {
			t.Cancel(m.ID)
		}
		return nil, ctx.Err()
	}
}

// withdrawn reports whether a request's context was ended by its caller. The end of the
// connection has the connection's error as its cause.
func withdrawn(ctx context.Context) bool { return context.Cause(ctx) == context.Canceled }

// arrive takes a call in and returns the run to wait for.
func (t *Table) arrive(ctx context.Context, m callid.Meta, tool string, arguments digest, f Tool) (*run, error) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.calls[m.ID]; c != nil {
		return c.join(m, tool, arguments)
	}
	state := callid.Running
	switch {
	case m.Join:
		state = t.absentLocked(now, m.Age)
	case !m.Deadline.IsZero() && !now.Before(m.Deadline):
		state = callid.Expired
	case t.closed || t.running >= t.limits.Running:
		state = callid.NotRun
	}
	if state == callid.Forgotten {
		return nil, refusal(state)
	}
	c := &call{Outcome: callid.Outcome{CallID: string(m.ID), State: state, Arrived: now}}
	if !m.Join { // which is not the call itself
		c.Tool, c.arguments = tool, arguments
	}
	t.calls[m.ID] = c
	switch {
	case state == callid.Running:
		t.startLocked(ctx, c, m.Deadline, f)
		return c.run, nil
	case !m.Join && state == callid.NotRun:
		t.endLocked(c, state, now)
		return nil, errBusy
	}
	t.endLocked(c, state, now)
	return nil, refusal(state)
}

// join is the second arrival of a call.
func (c *call) join(m callid.Meta, tool string, arguments digest) (*run, error) {
	// What settles a call that never arrived knows nothing of it.
	if c.Tool != "" && (c.Tool != tool || !m.Join && c.arguments != arguments) {
		return nil, errOtherCall
	}
	if c.run == nil {
		return nil, refusal(c.State)
	}
	return c.run, nil
}

// startLocked runs a call in the background.
func (t *Table) startLocked(ctx context.Context, c *call, deadline time.Time, f Tool) {
	ctx = context.WithoutCancel(ctx)
	if deadline.IsZero() {
		ctx, c.cancel = context.WithCancel(ctx)
	} else {
		ctx, c.cancel = context.WithDeadline(ctx, deadline)
	}
	r := &run{done: make(chan struct{})}
	c.run = r
	t.running++
	t.runs.Go(func() {
		defer c.cancel()
		defer context.AfterFunc(t.life, c.cancel)()
		r.result, r.err = f(ctx)
		t.finish(ctx, c, r)
	})
}

// finish writes down what became of a run and tells everybody who waits.
func (t *Table) finish(ctx context.Context, c *call, r *run) {
	state := stateOf(r)
	if state != callid.Done && ctx.Err() != nil {
		state = callid.Cancelled
		r.result, r.err = nil, refusal(state)
	}
	size := sizeOf(r, t.limits.Result)
	t.mu.Lock()
	t.running--
	if size <= t.limits.Result {
		c.size = size
		t.bytes += size
		t.kept = append(t.kept, c)
	} else {
		c.run = nil
	}
	t.endLocked(c, state, time.Now())
	t.mu.Unlock()
	close(r.done)
}

// endLocked files a call that has ended and forgets older ones that are too many.
func (t *Table) endLocked(c *call, state callid.State, now time.Time) {
	c.State, c.Ended = state, now
	t.ended = append(t.ended, c)
	for t.bytes > t.limits.Results {
		old := t.kept[0]
		t.kept[0] = nil
		t.kept = t.kept[1:]
		t.dropLocked(old)
	}
	for len(t.ended) > t.limits.Ended {
		old := t.ended[0]
		t.ended[0] = nil
		t.ended = t.ended[1:]
		if len(t.kept) > 0 && t.kept[0] == old {
			t.kept[0] = nil
			t.kept = t.kept[1:]
		}
		t.dropLocked(old)
		delete(t.calls, callid.ID(old.CallID))
		if old.Arrived.After(t.forgotten) {
			t.forgotten = old.Arrived
		}
	}
}

func (t *Table) dropLocked(c *call) {
	t.bytes -= c.size
	c.size, c.run = 0, nil
}
