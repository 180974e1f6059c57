package hub

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/health"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/session"
)

// Why a session with an instance was ended from this side.
var (
	errStopped   = errors.New("disconnected by the user")
	errGone      = errors.New("the instance is gone")
	errRestarted = errors.New("the instance was started anew")
)

// link is one instance and the hub's session with it. Its goroutine, run, makes sessions
// and ends them; everyone else only writes down what is wanted and wakes it.
type link struct {
	hub *Hub
	id  string
	log *slog.Logger

	life context.Context // done when the instance is gone or the hub shuts down
	end  context.CancelCauseFunc

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change below
	// guards following
	found     Found
	stopped   bool
	current   way // nil between sessions
	drop      context.CancelCauseFunc
	client    *client // nil until the handshake on current is done
	wasActive bool    // in this life of the instance
	nextTry   time.Time
	lastErr   error
	noSeat    *limits.FullError // while it waits for another connection to end
	recorded  api.State         // the last that is in the history
	trace     trace
	view      view
	checks    *health.Checks // of client's application; nil without one
}

func newLink(h *Hub, f Found) *link {
	life, end := context.WithCancelCause(h.life)
	l := &link{
		hub:     h,
		id:      f.ID,
		log:     h.log.With("instance", f.ID, "name", f.Name),
		life:    life,
		end:     end,
		changed: make(chan struct{}),
		found:   f,
		stopped: h.cfg.Stops.has(f.ID),
	}
	l.recorded = l.stateLocked()
	l.showLocked(time.Now(), l.recorded)
	return l
}

// run makes one session after the other until the instance is gone.
func (l *link) run() {
	defer l.end(nil)
	defer l.hub.settled.tried(l)
	defer l.stopShowing()
	for failures := 0; ; {
		found, err := l.wanted()
		if err != nil {
			return
		}
		if !l.sit(found) {
			continue
		}
		began := time.Now()
		err = l.serve(found)
		l.hub.seats.free()
		switch {
		case l.life.Err() != nil:
			return
		case errors.Is(err, errStopped) || errors.Is(err, errRestarted):
			failures = 0
			continue
		case time.Since(began) > stableTime:
			failures = 0
		}
		l.log.Warn("session ended", "error", err)
		l.pause(failures)
		failures++
	}
}

const (
	stableTime = 10 * time.Second // a session that lasted this long was no failure
	firstPause = 250 * time.Millisecond
	maxPause   = 30 * time.Second
)

// pause waits before the next session: longer after each failure, at random below a
// ceiling, and no longer than until something new is known.
func (l *link) pause(failures int) {
	ceiling := min(maxPause, firstPause<<min(failures, 10))
	wait := ceiling/2 + rand.N(ceiling/2)
	timer := time.NewTimer(wait)
	defer timer.Stop()

	l.mu.Lock()
	l.nextTry = time.Now().Add(wait)
	before, stopped := l.found, l.stopped
	l.mu.Unlock()
	for {
		l.mu.Lock()
		news := l.found.Fresh != before.Fresh || l.found.Life != before.Life || l.stopped != stopped || l.nextTry.IsZero()
		changed := l.changed
		l.mu.Unlock()
		if news {
			return
		}
		select {
		case <-timer.C:
			return
		case <-changed:
		case <-l.life.Done():
			return
		}
	}
}

// wanted waits until there should be a session and says with what.
func (l *link) wanted() (Found, error) {
	for {
		if l.life.Err() != nil { // also where a session is wanted: who waits for a seat comes here again
			return Found{}, context.Cause(l.life)
		}
		l.mu.Lock()
		found, stopped, changed := l.found, l.stopped, l.changed
		l.nextTry = time.Time{}
		l.mu.Unlock()
		if !stopped && l.hub.transportOf(found) != "" {
			return found, nil
		}
		l.hub.settled.tried(l)
		select {
		case <-changed:
		case <-l.life.Done():
		}
	}
}

// update takes in what the instance announces now.
func (l *link) update(f Found) {
	var look way
	l.change(api.TriggerAnnounced, func() {
		before := l.found
		l.found = f
		switch {
		case !f.sameWay(before):
			l.wasActive = false
			if l.drop != nil {
				l.drop(errRestarted)
			}
		case f.Fresh != before.Fresh:
			look = l.current
		}
	})
	nudge(look)
}

// setStopped carries out the user's wish.
func (l *link) setStopped(stopped bool) {
	var look way
	l.change(api.TriggerUser, func() {
		l.stopped = stopped
		if stopped {
			l.wasActive, l.lastErr = false, nil
			if l.drop != nil {
				l.drop(errStopped)
			}
			return
		}
		look = l.current
		l.nextTry = time.Time{} // ends a pause
	})
	nudge(look)
}

// nudge makes a session, if there is one, look at once instead of when its timers say so.
func nudge(s way) {
	if s != nil {
		s.Nudge(session.TriggerManual)
	}
}

// leave ends the link for good.
func (l *link) leave() { l.end(errGone) }

func (l *link) announced() Found {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found
}

func (l *link) name() string { return l.announced().Name }
