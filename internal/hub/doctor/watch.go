package doctor

import (
	"context"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/power"
)

// verdictStep is how often the hub is asked while a verdict is due: that something was heard of a
// session is no change of its state.
const verdictStep = 50 * time.Millisecond

// watch is what a running watch knows. One goroutine owns it.
type watch struct {
	hub    Client
	emit   func(Entry) error
	status *api.Status // as last seen; nil: there is no hub
	told   bool        // whether there is one

	wake   *wake // whose verdict is due; nil if none is
	due    time.Time
	judged *api.Status // as last seen since; nil: it did not answer
}

// Watch calls emit, never concurrently, with events of the machine as they come, with what happens
// to the hub and its sessions and, within VerdictTime of each Resume, with a verdict. It returns
// nil when ctx is done or the monitor closed, else emit's error.
func Watch(ctx context.Context, m *power.Monitor, hub Client, emit func(Entry) error) error {
	events := m.Subscribe()
	defer events.Close()
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	defer following.Wait()
	defer cancel()
	sightings := make(chan sighting)
	following.Go(func() { (&follower{hub: hub}).run(ctx, sightings) })

	w := &watch{hub: hub, emit: emit}
	step := time.NewTicker(verdictStep)
	defer step.Stop()
	for {
		step.Stop()
		var tick <-chan time.Time
		if w.wake != nil {
			step.Reset(verdictStep)
			tick = step.C
		}
		var err error
		select {
		case <-ctx.Done():
			return nil
		case e, open := <-events.C:
			if !open {
				return nil
			}
			err = w.event(e)
		case s := <-sightings:
			err = w.sighted(s)
		case <-tick:
			err = w.judge(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// event tells of an event. A wake while a verdict is due ends the waiting for that.
func (w *watch) event(e power.Event) error {
	if e.Kind == power.Resume && w.wake != nil {
		if err := w.conclude(); err != nil {
			return err
		}
	}
	if err := w.emit(eventEntry(e)); err != nil {
		return err
	}
	if e.Kind == power.Resume {
		w.wake, w.due, w.judged = newWake(e), time.Now().Add(VerdictTime), nil
		w.wake.hub = w.status != nil
	}
	return nil
}

// sighted tells of the hub and its sessions.
func (w *watch) sighted(s sighting) error {
	there := s.status != nil
	came := there && (w.status == nil || w.status.Hub.PID != s.status.Hub.PID)
	var news []Entry
	switch {
	case came:
		news = append(news, Entry{At: time.Now(), Hub: &HubNews{Running: true, PID: s.status.Hub.PID}})
	case !there && (!w.told || w.status != nil):
		news = append(news, Entry{At: time.Now(), Hub: &HubNews{Error: line(s.err)}})
	}
	w.status, w.told = s.status, true
	for _, e := range append(news, s.news...) {
		if err := w.emit(e); err != nil {
			return err
		}
	}
	return nil
}

// judge looks whether the sessions are back, and ends the waiting when they are or time is up.
func (w *watch) judge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(time.Until(w.due), verdictStep))
	defer cancel()
	status, err := w.hub.Status(ctx)
	if err != nil {
		status = nil
	}
	w.judged = status
	all := status != nil && w.wake.look(status)
	if all || !time.Now().Before(w.due) {
		return w.conclude()
	}
	return nil
}

func (w *watch) conclude() error {
	v := w.wake.verdict(w.judged)
	w.wake = nil
	return w.emit(Entry{At: time.Now(), Verdict: v})
}
