package control

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// scriptedBooks are Books whose answers a test writes.
type scriptedBooks struct {
	query  api.CallsQuery
	reader api.Reader
	forgot string
	err    error
}

func (s *scriptedBooks) Calls(_ context.Context, q api.CallsQuery) (*api.Calls, error) {
	s.query = q
	return &api.Calls{Calls: []api.CallRecord{{ID: "1", Outcome: "done"}}}, s.err
}

func (s *scriptedBooks) Timeline(_ context.Context, q api.TimelineQuery) (*api.Timeline, error) {
	return &api.Timeline{Events: []api.Event{{Kind: api.EventHub, Detail: q.Instance, ForMillis: api.Millis(q.Since)}}, Instances: []api.Track{}}, nil
}

func (s *scriptedBooks) Readers(context.Context) (*api.Readers, error) {
	return &api.Readers{Readers: []api.Reader{s.reader}}, s.err
}

func (s *scriptedBooks) CommitReader(_ context.Context, r api.Reader) (*api.Reader, error) {
	r.Revision++
	s.reader = r
	return &r, s.err
}

func (s *scriptedBooks) ForgetReader(_ context.Context, name string) error {
	s.forgot = name
	return s.err
}

func TestBooksOverTheSocket(t *testing.T) {
	path, books := socketPath(t), new(scriptedBooks)
	serveBooks(t, path, &scripted{}, books)
	c := NewClient(path)
	calls, err := c.Calls(t.Context(), api.CallsQuery{Instance: "web & co", Limit: 7})
	if err != nil || len(calls.Calls) != 1 || books.query != (api.CallsQuery{Instance: "web & co", Limit: 7}) {
		t.Errorf("%+v, %v, asked %+v", calls, err, books.query)
	}
	if _, err := c.Calls(t.Context(), api.CallsQuery{Limit: -1}); api.CodeOf(err) != api.CodeInvalid {
		t.Errorf("a limit of -1: %v", err)
	}
	r := api.Reader{Name: "me", Cursor: "c", Lines: 5, Revision: 3}
	next, err := c.CommitReader(t.Context(), r)
	if r.Revision = 4; err != nil || *next != r {
		t.Errorf("%+v, %v", next, err)
	}
	if list, err := c.Readers(t.Context()); err != nil || len(list.Readers) != 1 || list.Readers[0] != r {
		t.Errorf("%+v, %v", list, err)
	}
	if err := c.ForgetReader(t.Context(), "me"); err != nil || books.forgot != "me" {
		t.Errorf("%v, %q", err, books.forgot)
	}
	books.err = &api.Error{Code: api.CodeReaderConflict, Message: "conflict"}
	if _, err := c.CommitReader(t.Context(), r); api.CodeOf(err) != api.CodeReaderConflict {
		t.Errorf("%v", err)
	}
	if err := c.ForgetReader(t.Context(), "me"); api.CodeOf(err) != api.CodeReaderConflict {
		t.Errorf("%v", err)
	}
}

// Who names a call is told before it is sent; others see the answers they know.
func TestIssuedIsTold(t *testing.T) {
	path := socketPath(t)
	issued := api.Issued{Instance: "web-1", Life: "1", Recording: api.Recorded, At: time.Now().Round(0).UTC()}
	var deadline time.Time
	b := &scripted{call: func(_ context.Context, req api.CallRequest, _ func(api.Progress)) (*mcp.CallToolResult, error) {
		deadline = req.Deadline
		if req.OnIssued != nil {
			req.OnIssued(issued)
		}
		return nil, &api.Error{Code: api.CodeOutcomeUnknown, Message: "lost"}
	}}
	serveAt(t, path, b)
	c := NewClient(path)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	var told []api.Issued
	_, err := c.Call(ctx, api.CallRequest{ID: "id", OnIssued: func(i api.Issued) { told = append(told, i) }}, nil)
	lost, ok := errors.AsType[*LostCallError](err)
	if !ok || lost.Issued == nil || *lost.Issued != issued || lost.ByConnection() || len(told) != 1 || told[0] != issued {
		t.Errorf("%v, %+v, told %+v", err, lost, told)
	}
	if want, _ := ctx.Deadline(); !deadline.Equal(want) {
		t.Errorf("deadline %v, want %v", deadline, want)
	}
	_, err = c.Call(ctx, api.CallRequest{OnIssued: func(api.Issued) { t.Error("told without an id") }}, nil)
	if _, ok := errors.AsType[*LostCallError](err); ok || api.CodeOf(err) != api.CodeOutcomeUnknown {
		t.Errorf("%v", err)
	}
}
