package calls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/standardbeagle/brum/internal/callid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counted is a tool that counts its runs.
type counted struct {
	runs    atomic.Int64
	release chan struct{} // nil: it returns at once
	fails   bool
}

func (c *counted) run(ctx context.Context) (mcp.Result, error) {
	n := c.runs.Add(1)
	if c.release != nil {
		select {
		case <-c.release:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &mcp.CallToolResult{IsError: c.fails, Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprint("run ", n)}}}, nil
}

func text(r mcp.Result) string {
	if r == nil {
		return ""
	}
	return r.(*mcp.CallToolResult).Content[0].(*mcp.TextContent).Text
}

func code(err error) int64 {
	if e, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return e.Code
	}
	return 0
}

func newTable(t *testing.T, limits Limits) *Table {
	table := New(limits)
	t.Cleanup(table.Close)
	return table
}

func fresh() callid.Meta { return callid.Meta{ID: callid.New(), Age: -1} }

func joining(m callid.Meta, age time.Duration) callid.Meta {
	m.Join, m.Age = true, age
	return m
}

func TestF4_SecondArrivalDoesNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable(t, DefaultLimits)
		tool := &counted{release: make(chan struct{})}
		m := fresh()
		results := make(chan string, 3)
		for _, m := range []callid.Meta{m, m, joining(m, 0)} {
			go func() {
				r, err := table.Do(t.Context(), m, "tool", []byte(`{}`), tool.run)
				results <- fmt.Sprint(text(r), err)
			}()
			synctest.Wait()
		}
		if out := table.Outcome(t.Context(), m.ID, Settle, 0, 0); out.State != callid.Running {
			t.Errorf("%+v", out)
		}
		close(tool.release)
		for range 3 {
			if got := <-results; got != "run 1<nil>" {
				t.Errorf("got %s", got)
			}
		}
		r, err := table.Do(t.Context(), m, "tool", []byte(`{}`), tool.run)
		if err != nil || text(r) != "run 1" || tool.runs.Load() != 1 {
			t.Errorf("later: %s, %v, %d runs", text(r), err, tool.runs.Load())
		}
		if out := table.Outcome(t.Context(), m.ID, Ask, -1, 0); out.State != callid.Done || out.Tool != "tool" {
			t.Errorf("%+v", out)
		}
		for tool, arguments := range map[string]string{"other": `{}`, "tool": `{"a":1}`} {
			if _, err := table.Do(t.Context(), m, tool, []byte(arguments), nil); code(err) != callid.CodeOtherCall {
				t.Errorf("%s with %s: %v", tool, arguments, err)
			}
		}
	})
}

func TestF4_NeverRun(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*Table, callid.Meta)
		code   int64
		state  callid.State
		adjust func(*callid.Meta)
	}{
		"after its deadline": {code: callid.CodeExpired, state: callid.Expired,
			adjust: func(m *callid.Meta) { m.Deadline = time.Now() }},
		"cancelled before": {code: callid.CodeNotRun, state: callid.NotRun,
			before: func(t *Table, m callid.Meta) { t.Cancel(m.ID) }},
		"settled before": {code: callid.CodeNotRun, state: callid.NotRun,
			before: func(t *Table, m callid.Meta) { t.Outcome(context.Background(), m.ID, Settle, 0, time.Hour) }},
		"joined before": {code: callid.CodeNotRun, state: callid.NotRun,
			before: func(t *Table, m callid.Meta) {
				t.Do(context.Background(), joining(m, 0), "tool", []byte(`{"a":1}`), nil)
			}},
		"at the end": {code: callid.CodeBusy, state: callid.NotRun,
			before: func(t *Table, _ callid.Meta) { t.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table := newTable(t, DefaultLimits)
				m := fresh()
				if c.adjust != nil {
					c.adjust(&m)
				}
				if c.before != nil {
					c.before(table, m)
				}
				tool := new(counted)
				_, err := table.Do(t.Context(), m, "tool", nil, tool.run)
				if code(err) != c.code || tool.runs.Load() != 0 {
					t.Errorf("%v, %d runs", err, tool.runs.Load())
				}
				m.Deadline = time.Time{} // nor later
				if _, err := table.Do(t.Context(), m, "tool", nil, tool.run); code(err) != c.code && code(err) != callid.CodeNotRun || tool.runs.Load() != 0 {
					t.Errorf("%v, %d runs", err, tool.runs.Load())
				}
				if out := table.Outcome(t.Context(), m.ID, Ask, -1, 0); out.State != c.state || out.State.Ran() {
					t.Errorf("%+v", out)
				}
			})
		})
	}
	// Whoever only asks leaves no tombstone.
	table, tool, m := newTable(t, DefaultLimits), new(counted), fresh()
	if out := table.Outcome(t.Context(), m.ID, Ask, 0, time.Hour); out.State != callid.NotRun {
		t.Errorf("%+v", out)
	}
	if _, err := table.Do(t.Context(), m, "tool", nil, tool.run); err != nil || tool.runs.Load() != 1 {
		t.Errorf("%v, %d runs", err, tool.runs.Load())
	}
}

func TestRunsEndWithTheirCallerAndDeadlineOnly(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(t *Table, m callid.Meta, cancel context.CancelCauseFunc)
		state callid.State
	}{
		"the connection ends":  {func(_ *Table, _ callid.Meta, cancel context.CancelCauseFunc) { cancel(io.EOF) }, callid.Running},
		"the caller withdraws": {func(_ *Table, _ callid.Meta, cancel context.CancelCauseFunc) { cancel(nil) }, callid.Cancelled},
		"somebody cancels":     {func(t *Table, m callid.Meta, _ context.CancelCauseFunc) { t.Cancel(m.ID) }, callid.Cancelled},
		"the deadline comes":   {func(*Table, callid.Meta, context.CancelCauseFunc) { time.Sleep(time.Minute) }, callid.Cancelled},
		"the instance ends":    {func(t *Table, _ callid.Meta, _ context.CancelCauseFunc) { t.Close() }, callid.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table := newTable(t, DefaultLimits)
				tool := &counted{release: make(chan struct{})}
				m := fresh()
				m.Deadline = time.Now().Add(30 * time.Second)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				go table.Do(ctx, m, "tool", nil, tool.run)
				synctest.Wait()
				c.end(table, m, cancel)
				synctest.Wait()
				out := table.Outcome(t.Context(), m.ID, Ask, 0, 0)
				if out.State != c.state || tool.runs.Load() != 1 {
					t.Errorf("%+v, %d runs", out, tool.runs.Load())
				}
				if _, err := table.Do(t.Context(), joining(m, 0), "tool", nil, nil); c.state == callid.Cancelled && code(err) != callid.CodeCancelled {
					t.Errorf("who joins it is told %v", err)
				}
			})
		})
	}
}

func TestOutcomeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable(t, DefaultLimits)
		tool := &counted{release: make(chan struct{}), fails: true}
		m := fresh()
		go table.Do(t.Context(), m, "tool", nil, tool.run)
		synctest.Wait()
		began := time.Now()
		if out := table.Outcome(t.Context(), m.ID, Settle, 0, 5*time.Second); out.State != callid.Running || time.Since(began) != 5*time.Second {
			t.Errorf("%+v after %v", out, time.Since(began))
		}
		time.AfterFunc(time.Second, func() { close(tool.release) })
		if out := table.Outcome(t.Context(), m.ID, Settle, 0, 5*time.Second); out.State != callid.Failed || time.Since(began) != 6*time.Second {
			t.Errorf("%+v after %v", out, time.Since(began))
		}
	})
}

// What was forgotten is not taken for what never arrived.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable(t, Limits{Ended: 10, Running: 2, Result: 100, Results: 250})
		large := func(context.Context) (mcp.Result, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: strings.Repeat("x", 100)}}}, nil
		}
		m := fresh()
		if r, err := table.Do(t.Context(), m, "tool", nil, large); err != nil || len(text(r)) != 100 {
			t.Errorf("the first caller gets %v, %v", r, err)
		}
		if _, err := table.Do(t.Context(), m, "tool", nil, large); code(err) != callid.CodeResultDropped {
			t.Errorf("too large to be kept: %v", err)
		}

		tool := new(counted)
		var ids []callid.Meta
		for range 20 {
			m := fresh()
			ids = append(ids, m)
			if _, err := table.Do(t.Context(), m, "tool", nil, tool.run); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		if len(table.calls) != 10 || len(table.ended) != 10 || table.bytes > 250 || len(table.kept) < 2 {
			t.Errorf("%d calls, %d ended, %d results of %d bytes", len(table.calls), len(table.ended), len(table.kept), table.bytes)
		}
		if _, err := table.Do(t.Context(), ids[19], "tool", nil, nil); err != nil {
			t.Errorf("the last result: %v", err)
		}
		if _, err := table.Do(t.Context(), ids[10], "tool", nil, nil); code(err) != callid.CodeResultDropped {
			t.Errorf("an older result: %v", err)
		}
		// The tenth, which arrived 110 s ago, is the youngest that was forgotten.
		for age, want := range map[time.Duration]callid.State{-1: callid.Forgotten, 200 * time.Second: callid.Forgotten,
			110 * time.Second: callid.Forgotten, 105 * time.Second: callid.NotRun, 0: callid.NotRun} {
			if out := table.Outcome(t.Context(), callid.New(), Ask, age, 0); out.State != want {
				t.Errorf("made %v ago: %+v, want %s", age, out, want)
			}
		}
		if _, err := table.Do(t.Context(), joining(ids[0], time.Hour), "tool", nil, nil); code(err) != callid.CodeForgotten {
			t.Errorf("joined: %v", err)
		}

		blocked := &counted{release: make(chan struct{})}
		for range 2 {
			go table.Do(t.Context(), fresh(), "tool", nil, blocked.run)
		}
		synctest.Wait()
		if _, err := table.Do(t.Context(), fresh(), "tool", nil, blocked.run); code(err) != callid.CodeBusy || blocked.runs.Load() != 2 {
			t.Errorf("one too many: %v, %d runs", err, blocked.runs.Load())
		}
		close(blocked.release)
	})
}

// Whatever comes first and together, a call runs at most once, and what its askers are
// told agrees with that.
func TestF4_AtMostOnceUnderRaces(t *testing.T) {
	table := newTable(t, DefaultLimits)
	for range 100 {
		tool, m := new(counted), fresh()
		var all sync.WaitGroup
		var done, notRun atomic.Int64
		for range 8 {
			kind := rand.IntN(4)
			all.Go(func() {
				switch kind {
				case 0, 1:
					m := m
					m.Join = kind == 1
					switch _, err := table.Do(t.Context(), m, "tool", nil, tool.run); {
					case err == nil:
						done.Add(1)
					case code(err) == callid.CodeNotRun:
						notRun.Add(1)
					}
				case 2:
					table.Cancel(m.ID)
				case 3:
					table.Outcome(t.Context(), m.ID, Settle, 0, time.Second)
				}
			})
		}
		all.Wait()
		runs := tool.runs.Load()
		out := table.Outcome(t.Context(), m.ID, Settle, 0, 0)
		if runs > 1 || (runs == 1) != out.State.Ran() || runs == 0 && done.Load() > 0 || runs == 1 && notRun.Load() > 0 {
			t.Fatalf("%d runs, %+v, %d were told done, %d not run", runs, out, done.Load(), notRun.Load())
		}
	}
}
