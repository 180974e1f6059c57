package control

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// bookHandler serves what the hub has written down.
type bookHandler struct{ books api.Books }

func (h *bookHandler) calls(w http.ResponseWriter, r *http.Request) {
	q := api.CallsQuery{Instance: r.URL.Query().Get("instance")}
	if limit := r.URL.Query().Get("limit"); limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil || n < 1 {
			answer(w, nil, &api.Error{Code: api.CodeInvalid, Message: "limit is a number from 1"})
			return
		}
		q.Limit = n
	}
	c, err := h.books.Calls(r.Context(), q)
	answer(w, c, err)
}

func (h *bookHandler) timeline(w http.ResponseWriter, r *http.Request) {
	q := api.TimelineQuery{Instance: r.URL.Query().Get("instance")}
	if since := r.URL.Query().Get("since"); since != "" {
		d, err := time.ParseDuration(since)
		if err != nil || d <= 0 {
			answer(w, nil, &api.Error{Code: api.CodeInvalid, Message: "since is a duration such as 90m"})
			return
		}
		q.Since = d
	}
	t, err := h.books.Timeline(r.Context(), q)
	answer(w, t, err)
}

func (h *bookHandler) readers(w http.ResponseWriter, r *http.Request) {
	list, err := h.books.Readers(r.Context())
	answer(w, list, err)
}

func (h *bookHandler) commit(w http.ResponseWriter, r *http.Request) {
	var reader api.Reader
	if err := decode(w, r, &reader); err != nil {
		answer(w, nil, err)
		return
	}
	next, err := h.books.CommitReader(r.Context(), reader)
	answer(w, next, err)
}

func (h *bookHandler) forget(w http.ResponseWriter, r *http.Request) {
	var n name
	if err := decode(w, r, &n); err != nil {
		answer(w, nil, err)
		return
	}
	answer(w, n, h.books.ForgetReader(r.Context(), n.Name))
}

var _ api.Books = (*Client)(nil)

// Calls implements api.Books.
func (c *Client) Calls(ctx context.Context, q api.CallsQuery) (*api.Calls, error) {
	values := url.Values{"instance": {q.Instance}}
	if q.Limit != 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	calls := new(api.Calls)
	return calls, c.ask(ctx, http.MethodGet, pathCalls+"?"+values.Encode(), nil, calls)
}

// Timeline implements api.Books.
func (c *Client) Timeline(ctx context.Context, q api.TimelineQuery) (*api.Timeline, error) {
	values := url.Values{"instance": {q.Instance}}
	if q.Since != 0 {
		values.Set("since", q.Since.String())
	}
	t := new(api.Timeline)
	return t, c.ask(ctx, http.MethodGet, pathTimeline+"?"+values.Encode(), nil, t)
}

// Readers implements api.Books.
func (c *Client) Readers(ctx context.Context) (*api.Readers, error) {
	r := new(api.Readers)
	return r, c.ask(ctx, http.MethodGet, pathReaders, nil, r)
}

// CommitReader implements api.Books. When the hub goes away before it answers the position
// may have been committed: then the next commit with the old revision is a conflict.
func (c *Client) CommitReader(ctx context.Context, r api.Reader) (*api.Reader, error) {
	next := new(api.Reader)
	return next, c.ask(ctx, http.MethodPost, pathCommit, r, next)
}

// ForgetReader implements api.Books.
func (c *Client) ForgetReader(ctx context.Context, reader string) error {
	return c.ask(ctx, http.MethodPost, pathForget, name{reader}, new(name))
}
