package hub

import (
	"context"
	"fmt"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// History implements api.Backend. It also knows instances that are gone.
func (h *Hub) History(ctx context.Context, instance string) (*api.History, error) {
	l, err := h.find(ctx, instance)
	if err == nil {
		return l.changesSoFar(), nil
	}
	if api.CodeOf(err) != api.CodeUnknownInstance {
		return nil, err
	}
	id, name, ok := h.past.Find(instance)
	if !ok {
		return nil, err
	}
	out := &api.History{ID: id, Name: name}
	out.Changes, out.Dropped = h.past.Of(id)
	api.Tell(out.Changes, "", 0, time.Local)
	return out, nil
}

// Timeline implements api.Books.
func (h *Hub) Timeline(ctx context.Context, q api.TimelineQuery) (*api.Timeline, error) {
	if q.Since < 0 || q.Since > api.MaxTimeline {
		return nil, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("since %v: want at most %v", q.Since, api.MaxTimeline)}
	}
	if q.Since == 0 {
		q.Since = api.DefaultTimeline
	}
	if err := wait(ctx, h.settled.looked); err != nil {
		return nil, err
	}
	links := h.all()
	if q.Instance != "" {
		l, err := h.find(ctx, q.Instance)
		if err != nil {
			return nil, err
		}
		links = []*link{l}
	}
	ids := make([]string, len(links))
	for i, l := range links {
		ids[i] = l.id
	}
	now := time.Now()
	return h.past.Timeline(now.Add(-q.Since), now, ids), nil
}
