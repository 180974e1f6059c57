package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

const (
	// liveEvery is how often the status is looked at even if no state has changed: round trips
	// and queues do all the time.
	liveEvery = 2 * time.Second
	// liveCalm is the least time between two answers.
	liveCalm = 100 * time.Millisecond
	// liveBeat is the most.
	liveBeat = 10 * time.Second

	eventsType = "text/event-stream"
)

// live tells a page of the status: all of it first, then what has changed, as server-sent events.
func (h *handler) live(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	var listening sync.WaitGroup
	defer listening.Wait()
	defer cancel()
	changed, ended := make(chan struct{}, 1), make(chan error, 1)
	listening.Go(func() {
		for _, err := range h.backend.Events(ctx) {
			if err != nil {
				ended <- err
				return
			}
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	})
	out := &eventWriter{w: w, rc: http.NewResponseController(w)}
	told := make(told)
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	last := time.Time{}
	for {
		select {
		case <-changed:
		case <-tick.C:
		case err := <-ended:
			out.fail(err)
			return
		case <-ctx.Done():
			return
		}
		s, err := h.backend.Status(ctx)
		if err != nil {
			out.fail(err)
			return
		}
		news := told.news(s)
		news.At = time.Now()
		if !news.Full && len(news.Instances)+len(news.Gone) == 0 && time.Since(last) < liveBeat {
			continue
		}
		last = news.At
		if !out.write("status", news) {
			return
		}
		select {
		case <-time.After(liveCalm):
		case <-ctx.Done():
			return
		}
	}
}

// told is what a page knows: of each instance, a digest of what it was told last.
type told map[string]string

// news is what the page does not know yet.
func (t told) news(s *api.Status) *api.Live {
	n := &api.Live{Full: len(t) == 0, Hub: s.Hub, Instances: []api.Instance{}, Gone: []string{}}
	there := make(map[string]bool, len(s.Instances))
	for _, i := range s.Instances {
		there[i.ID] = true
		still := i
		still.UptimeSeconds, still.LastHeardAt = 0, nil // they say nothing new
		if i.Health != nil {
			quiet := *i.Health
			quiet.SilentMillis = 0
			still.Health = &quiet
		}
		data, err := json.Marshal(still)
		if err != nil {
			panic("BUG: an instance's status can't be encoded: " + err.Error())
		}
		if string(data) != t[i.ID] {
			t[i.ID] = string(data)
			n.Instances = append(n.Instances, i)
		}
	}
	for id := range t {
		if !there[id] {
			delete(t, id)
			n.Gone = append(n.Gone, id)
		}
	}
	return n
}

// eventWriter writes server-sent events.
type eventWriter struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	started bool
}

// write sends an event; false means that the client has gone.
func (e *eventWriter) write(kind string, v any) bool {
	if !e.started {
		e.started = true
		e.w.Header().Set("Content-Type", eventsType)
		e.w.Header().Set("Cache-Control", "no-store")
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic("BUG: an event can't be encoded: " + err.Error())
	}
	// Not every ResponseWriter knows deadlines; those of servers do.
	_ = e.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err = fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", kind, data) // JSON has no line ends
	return err == nil && e.rc.Flush() == nil
}

// fail ends the events with an error.
func (e *eventWriter) fail(err error) {
	if !e.started {
		answer(e.w, nil, err)
		return
	}
	e.write("error", record{Error: asError(err)})
}
