package doctor

import (
	"context"
	"errors"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// awayTime lies between two looks for a hub that is away.
const awayTime = 500 * time.Millisecond

// sighting is a look at the hub.
type sighting struct {
	status *api.Status // nil: it is away, err says why
	err    error
	news   []Entry // what has changed since the last one
}

// follower sees what changes in a hub.
type follower struct {
	hub Client
	pid int                // of the hub that was seen last
	was map[string]watched // by instance
}

// watched is what was seen of an instance.
type watched struct {
	state   api.State
	epoch   uint64
	resumes uint64
	changes uint64 // in its history so far, those that are forgotten too
}

// run sends a sighting at first and whenever something has changed, over restarts of the hub,
// until ctx is done.
func (f *follower) run(ctx context.Context, out chan<- sighting) {
	send := func(s sighting) {
		select {
		case out <- s:
		case <-ctx.Done():
		}
	}
	for ctx.Err() == nil {
		err := f.watch(ctx, send)
		if ctx.Err() != nil {
			return
		}
		send(sighting{err: err})
		select {
		case <-ctx.Done():
		case <-time.After(awayTime):
		}
	}
}

// watch follows one hub until it goes away.
func (f *follower) watch(ctx context.Context, send func(sighting)) error {
	var seen uint64
	first := true
	for revs, err := range f.hub.Events(ctx) {
		if err != nil {
			return err
		}
		if !first && revs.Status == seen {
			continue
		}
		first, seen = false, revs.Status
		s, err := f.look(ctx)
		if err != nil {
			return err
		}
		send(s)
	}
	return errors.New("the hub went away")
}

// look asks the hub how it is, and what has happened to instances that are not as they were.
func (f *follower) look(ctx context.Context) (sighting, error) {
	status, err := f.hub.Status(ctx)
	if err != nil {
		return sighting{}, err
	}
	s := sighting{status: status}
	first, was := f.was == nil, f.was
	if status.Hub.PID != f.pid {
		was = nil // another hub counts anew
	}
	there := make(map[string]watched)
	for _, i := range status.Instances {
		before, known := was[i.ID]
		now := watched{i.Actual(), i.Epoch, i.Resumes, before.changes}
		if !known || now != before {
			entries, total, err := f.history(ctx, i.ID, before.changes)
			if err != nil && api.CodeOf(err) != api.CodeUnknownInstance { // gone meanwhile
				return sighting{}, err
			}
			now.changes = total
			if !first { // what was before the watch is not news
				s.news = append(s.news, entries...)
			}
		}
		there[i.ID] = now
	}
	f.pid, f.was = status.Hub.PID, there
	return s, nil
}

// history returns the changes of an instance beyond the first seen ones, and how many there are.
func (f *follower) history(ctx context.Context, id string, seen uint64) ([]Entry, uint64, error) {
	h, err := f.hub.History(ctx, id)
	if err != nil {
		return nil, seen, err
	}
	var news []Entry
	for n, c := range h.Changes {
		if h.Dropped+uint64(n) >= seen {
			news = append(news, Entry{At: c.At, Session: &SessionNews{ID: h.ID, Name: h.Name, Change: c}})
		}
	}
	return news, h.Dropped + uint64(len(h.Changes)), nil
}
