package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	kinds "github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/hub/api"
)

// Client is a hub in another process, reached over its control socket. Each request looks
// the socket up anew, so a Client survives the hub's restart. An error of code no_hub
// or overloaded means that nothing was executed.
type Client struct {
	path string
	http http.Client
}

var _ api.Backend = (*Client)(nil)

// NewClient returns a client of the hub whose control socket is path. It does not connect.
func NewClient(path string) *Client {
	c := &Client{path: path}
	c.http.Transport = &http.Transport{
		DialContext: c.dial,
		// A connection of its own for each request: then a failure to connect is the proof
		// that nothing was sent, which a reused connection can't give.
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 16 << 10,
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

func (c *Client) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := dialSocket(ctx, c.path)
	if err == nil || ctx.Err() != nil {
		return conn, err
	}
	if errors.Is(err, errForeignSocket) {
		return nil, &api.Error{Code: api.CodeUnauthorized, Message: err.Error(), Err: err}
	}
	if kinds.Of(err) == kinds.Limit || errors.Is(err, syscall.EAGAIN) { // EAGAIN: as many wait to be accepted as may
		const after = time.Second
		return nil, &api.Error{
			Code:             api.CodeOverloaded,
			Message:          fmt.Sprintf("the hub at %s can't be connected to for want of resources (%v); nothing was executed; try again in %v", c.path, err, after),
			RetryAfterMillis: api.Millis(after),
			Err:              err,
		}
	}
	return nil, &api.Error{
		Code:    api.CodeNoHub,
		Message: fmt.Sprintf("no hub is running at %s: start one with brum-hub serve", c.path),
		Err:     err,
	}
}

// do sends a request and returns the body of a successful answer.
func (c *Client) do(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, &api.Error{Code: api.CodeInvalid, Message: err.Error(), Err: err}
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, payload)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", jsonType)
	}
	if err := authorize(req, c.path); err != nil {
		return nil, &api.Error{
			Code:    api.CodeNoHub,
			Message: fmt.Sprintf("no hub is running at %s: start one with brum-hub serve", c.path),
			Err:     err,
		}
	}
	res, err := c.http.Do(req)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ended(ctx)
	case err != nil:
		return nil, lost(err)
	case res.StatusCode == http.StatusOK:
		return res.Body, nil
	}
	defer res.Body.Close()
	rec, err := newRecords(res.Body).next()
	if err != nil || rec.Error == nil {
		return nil, &api.Error{Code: api.CodeInternal, Message: "the hub answered " + res.Status}
	}
	return nil, rec.Error
}

// ended is the error of a request whose context ended.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &api.Error{Code: api.CodeTimeout, Message: "timed out", Err: ctx.Err()}
	}
	return &api.Error{Code: api.CodeCanceled, Message: "canceled", Err: ctx.Err()}
}

// lost is the error of a request that failed on its way or before its answer.
func lost(err error) error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	return &api.Error{Code: api.CodeShuttingDown, Message: "the hub went away before it answered", Err: err}
}

func (c *Client) ask(ctx context.Context, method, path string, body, into any) error {
	r, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer r.Close()
	err = readAnswer(r, api.MaxResult+envelope, into)
	if err != nil && ctx.Err() != nil {
		return ended(ctx)
	}
	return err
}

// readAnswer reads an answer of at most so many bytes. Only one that broke off tells that the hub
// went away: of a hub that is there the next answer would be no better.
func readAnswer(r io.Reader, most int64, into any) error {
	rest := &io.LimitedReader{R: r, N: most}
	err := json.NewDecoder(rest).Decode(into)
	_, noJSON := errors.AsType[*json.SyntaxError](err)
	_, otherType := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case err == nil:
		return nil
	case rest.N <= 0:
		return errRecordTooLarge
	case noJSON || otherType:
		return &api.Error{Code: api.CodeInternal, Message: "the hub's answer is not understood: " + err.Error(), Err: err}
	}
	return lost(err)
}

// Status implements api.Backend.
func (c *Client) Status(ctx context.Context) (*api.Status, error) {
	s := new(api.Status)
	return s, c.ask(ctx, http.MethodGet, pathStatus, nil, s)
}

// History implements api.Backend.
func (c *Client) History(ctx context.Context, instance string) (*api.History, error) {
	h := new(api.History)
	return h, c.ask(ctx, http.MethodGet, pathHistory+"?"+url.Values{"instance": {instance}}.Encode(), nil, h)
}

// Tools implements api.Backend.
func (c *Client) Tools(ctx context.Context) (*api.Catalog, error) {
	t := new(api.Catalog)
	return t, c.ask(ctx, http.MethodGet, pathTools, nil, t)
}

// Connect implements api.Backend.
func (c *Client) Connect(ctx context.Context, instance string) (*api.Instance, error) {
	i := new(api.Instance)
	return i, c.ask(ctx, http.MethodPost, pathConnect, target{instance}, i)
}

// Disconnect implements api.Backend.
func (c *Client) Disconnect(ctx context.Context, instance string) (*api.Instance, error) {
	i := new(api.Instance)
	return i, c.ask(ctx, http.MethodPost, pathDisconnect, target{instance}, i)
}

// Login asks for a link to the hub's page.
func (c *Client) Login(ctx context.Context) (*api.Login, error) {
	l := new(api.Login)
	return l, c.ask(ctx, http.MethodPost, pathLogin, struct{}{}, l)
}

// LostCallError is the cause of an outcome_unknown: the hub went away during the call, or
// said so. Issued is what the hub told before it sent the call, if the call has an id; nil
// says that the call was not sent and never will be.
type LostCallError struct {
	Issued *api.Issued
	Err    error
}

func (e *LostCallError) Error() string { return e.Err.Error() }
func (e *LostCallError) Unwrap() error { return e.Err }

// ByConnection reports whether the hub went away, rather than having said that the outcome
// is unknown.
func (e *LostCallError) ByConnection() bool { return errors.Is(e.Err, errWentAway) }

var errWentAway = errors.New("the hub went away")

// Call implements api.Backend. When the hub goes away during the call its outcome is unknown;
// then, if the call has an id, the error has a *LostCallError as its cause.
func (c *Client) Call(ctx context.Context, req api.CallRequest, progress func(api.Progress)) (*mcp.CallToolResult, error) {
	if deadline, ok := ctx.Deadline(); ok && (req.Deadline.IsZero() || deadline.Before(req.Deadline)) {
		req.Deadline = deadline
	}
	var issued *api.Issued
	r, err := c.do(ctx, http.MethodPost, pathCall, req)
	if err != nil {
		return nil, lostCall(req, issued, unknownIfUnderWay(err))
	}
	defer r.Close()
	for in := newRecords(r); ; {
		rec, err := in.next()
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ended(ctx)
		case err != nil:
			return nil, lostCall(req, issued, unknownIfUnderWay(lost(err)))
		case rec.Error != nil:
			return nil, lostCall(req, issued, rec.Error)
		case rec.Result != nil:
			return rec.Result, nil
		case rec.Issued != nil:
			issued = rec.Issued
			if req.OnIssued != nil {
				req.OnIssued(*issued)
			}
		case rec.Progress != nil && progress != nil:
			progress(*rec.Progress)
		}
	}
}

// lostCall adds to an outcome_unknown what the hub told of the call.
func lostCall(req api.CallRequest, issued *api.Issued, err error) error {
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Code != api.CodeOutcomeUnknown || req.ID == "" {
		return err
	}
	if issued == nil {
		issued = req.Issued
	}
	out := *e
	out.Err = &LostCallError{Issued: issued, Err: err}
	return &out
}

// unknownIfUnderWay tells apart what lost has put together: a hub that said that it is
// shutting down has executed nothing, one that merely vanished may have.
func unknownIfUnderWay(err error) error {
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Code != api.CodeShuttingDown || e.Err == nil {
		return err
	}
	return &api.Error{
		Code:    api.CodeOutcomeUnknown,
		Message: "the hub went away during the call; its outcome is unknown and it was not repeated",
		Err:     errors.Join(errWentAway, e.Err),
	}
}

// Events implements api.Backend.
func (c *Client) Events(ctx context.Context) iter.Seq2[api.Revisions, error] {
	return func(yield func(api.Revisions, error) bool) {
		r, err := c.do(ctx, http.MethodGet, pathEvents, nil)
		if err != nil {
			yield(api.Revisions{}, err)
			return
		}
		defer r.Close()
		for in := newRecords(r); ; {
			rec, err := in.next()
			switch {
			case err != nil && ctx.Err() != nil:
				yield(api.Revisions{}, ended(ctx))
				return
			case err != nil:
				yield(api.Revisions{}, lost(err))
				return
			case rec.Error != nil:
				yield(api.Revisions{}, rec.Error)
				return
			case rec.Revisions != nil:
				if !yield(*rec.Revisions, nil) {
					return
				}
			}
		}
	}
}

// Reachable tells whether a hub listens at the socket now.
func (c *Client) Reachable(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := c.dial(ctx, "", "")
	if err != nil {
		return api.CodeOf(err) == api.CodeOverloaded // it is there
	}
	conn.Close()
	return true
}
