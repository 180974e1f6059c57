package history

import (
	"slices"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// Timeline tells of the instances with those ids what is known since a time.
func (b *Book) Timeline(since, now time.Time, ids []string) *api.Timeline {
	changes := make([][]api.Change, len(ids))
	b.mu.Lock()
	events := b.events.list()
	for i, id := range ids {
		if p := b.pages[id]; p != nil {
			changes[i] = p.changes.list()
		}
	}
	b.mu.Unlock()

	out := &api.Timeline{From: since, To: now, Events: []api.Event{}, Instances: []api.Track{}}
	for _, e := range events {
		if !e.At.Before(since) {
			out.Events = append(out.Events, e)
		}
	}
	for i, id := range ids {
		out.Instances = append(out.Instances, api.Track{ID: id, Spans: spans(changes[i], events, since)})
	}
	return out
}

// spans is the states since a time. While there was no hub nothing is known.
func spans(changes []api.Change, events []api.Event, since time.Time) []api.Span {
	all := make([]api.Span, 0, len(changes))
	for _, c := range changes {
		all = append(all, api.Span{From: c.At, State: c.To})
	}
	if len(all) == 0 {
		return all
	}
	for _, e := range events {
		if e.Kind == api.EventHubEnd && e.At.After(all[0].From) {
			all = append(all, api.Span{From: e.At})
		}
	}
	slices.SortStableFunc(all, func(a, b api.Span) int { return a.From.Compare(b.From) })
	out := all[:0]
	for _, s := range all {
		switch last := len(out) - 1; {
		case last >= 0 && out[last].State == s.State:
		case last >= 0 && !s.From.After(since): // what was before is over before it matters
			out[last] = s
		default:
			out = append(out, s)
		}
	}
	if out[0].From.Before(since) {
		out[0].From = since
	}
	return out
}
