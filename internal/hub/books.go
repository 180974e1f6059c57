package hub

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	brumerrors "github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/ledger"
	"github.com/standardbeagle/brum/session/journal"
)

// Calls implements api.Books.
func (h *Hub) Calls(ctx context.Context, q api.CallsQuery) (*api.Calls, error) {
	out := &api.Calls{Calls: []api.CallRecord{}, Ledger: h.books.status()}
	if q.Limit < 0 || q.Limit > api.MaxCalls {
		return nil, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("limit %d: want 1 to %d", q.Limit, api.MaxCalls)}
	}
	if q.Limit == 0 {
		q.Limit = api.DefaultCalls
	}
	var found []ledger.Call
	if h.books.ledger != nil {
		found = h.books.ledger.Recent(func(c *ledger.Call) bool {
			return q.Instance == "" || c.Name == q.Instance || strings.HasPrefix(c.Instance, q.Instance)
		}, q.Limit)
	}
	if len(found) == 0 && q.Instance != "" {
		if _, err := h.find(ctx, q.Instance); err != nil {
			return nil, err // there are no calls since there is no such instance
		}
	}
	for _, c := range found {
		out.Calls = append(out.Calls, recordOf(&c))
	}
	return out, nil
}

func recordOf(c *ledger.Call) api.CallRecord {
	return api.CallRecord{
		ID: string(c.ID), Instance: c.Instance, Name: c.Name, Tool: strings.ToValidUTF8(c.Tool, ""), Arguments: c.Digest,
		IssuedAt: c.Issued, Deadline: timeOrNil(c.Deadline), Outcome: string(c.Verdict),
		SettledAt: timeOrNil(c.Settled), TookMillis: api.Millis(c.Took),
	}
}

// readers is the part of the ledger that keeps readers, or why there is none.
func (h *Hub) readers() (Ledger, error) {
	if l := h.books.working(); l != nil {
		return l, nil
	}
	why := "the ledger is off"
	if err := h.books.why(); err != nil {
		why = "the ledger has failed: " + errorText(err)
	}
	return nil, &api.Error{Code: api.CodeNotRecorded, Message: "no reader's position can be kept: " + why, Err: h.books.why()}
}

// Readers implements api.Books.
func (h *Hub) Readers(context.Context) (*api.Readers, error) {
	l, err := h.readers()
	if err != nil {
		return nil, err
	}
	list, err := l.Readers()
	if err != nil {
		return nil, err
	}
	out := &api.Readers{Readers: []api.Reader{}}
	for _, r := range list {
		out.Readers = append(out.Readers, readerOf(&r))
	}
	return out, nil
}

// CommitReader implements api.Books.
func (h *Hub) CommitReader(ctx context.Context, r api.Reader) (*api.Reader, error) {
	l, err := h.readers()
	if err != nil {
		return nil, err
	}
	const longest = 4 << 10
	if len(r.Instance)+len(r.InstanceName)+len(r.Directory)+len(r.Process)+len(r.Level)+len(r.Cursor) > longest {
		return nil, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("a reader has at most %d bytes", longest)}
	}
	r.At = time.Now()
	r.Revision, err = l.Commit(ctx, ledger.Reader{
		Name: r.Name, Instance: r.Instance, Of: r.InstanceName, Directory: r.Directory, Process: r.Process,
		Level: r.Level, Cursor: r.Cursor, Lines: r.Lines, At: r.At, Revision: r.Revision,
	})
	if err != nil {
		return nil, h.readerError(ctx, r.Name, err)
	}
	return &r, nil
}

// ForgetReader implements api.Books.
func (h *Hub) ForgetReader(ctx context.Context, name string) error {
	l, err := h.readers()
	if err != nil {
		return err
	}
	if err := l.Forget(ctx, name); err != nil {
		return h.readerError(ctx, name, err)
	}
	return nil
}

func readerOf(r *ledger.Reader) api.Reader {
	return api.Reader{
		Name: r.Name, Instance: r.Instance, InstanceName: r.Of, Directory: r.Directory, Process: r.Process,
		Level: r.Level, Cursor: r.Cursor, Lines: r.Lines, At: r.At, Revision: r.Revision,
	}
}

// readerError is the ledger's error as callers can act on it.
func (h *Hub) readerError(ctx context.Context, name string, err error) error {
	var conflict *ledger.ConflictError
	var full *ledger.FullError
	switch {
	case ctx.Err() != nil:
		return contextError(ctx, "the position of the reader was perhaps not kept")
	case errors.As(err, &conflict):
		return &api.Error{Code: api.CodeReaderConflict, Message: fmt.Sprintf("somebody else reads as %q at the same time", name), Err: err}
	case errors.As(err, &full):
		return &api.Error{Code: api.CodeLimit, Message: fmt.Sprintf("there are %d readers already: forget one with brum-hub readers forget NAME", full.Limit), Err: err}
	case isFull(err):
		return &api.Error{Code: api.CodeLimit, Message: "the position of the reader can't be kept: " + errorText(err), Err: err}
	case errors.Is(err, ledger.ErrNoReader):
		return &api.Error{Code: api.CodeUnknownReader, Message: fmt.Sprintf("no reader %.100q: see brum-hub readers", name), Err: err}
	case brumerrors.Of(err) == brumerrors.Invalid && !errors.Is(err, journal.ErrFailed):
		return &api.Error{Code: api.CodeInvalid, Message: err.Error(), Err: err}
	}
	h.books.fail(err)
	return &api.Error{Code: api.CodeNotRecorded, Message: "the position of the reader can't be kept: " + errorText(err), Err: err}
}
