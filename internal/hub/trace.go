package hub

import (
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/session"
)

// trace follows a link's connections, so that their return can be explained.
type trace struct {
	lost *lostConn      // nil while there is a connection, or before the first
	up   session.Change // that brought the latest connection
	trip int            // round trips it took; 0 if that is not known
}

// lostConn is the end of a connection.
type lostConn struct {
	at         time.Time
	trigger    string
	err        string
	silence    time.Duration
	session    string
	duplicates uint64
}

// change notes what a session tells. conn is its connection, if it has one.
func (t *trace) change(ch session.Change, conn session.Conn) {
	if !ch.To.Linked() || ch.From.Linked() {
		return
	}
	t.up, t.trip = ch, 0
	if c, ok := conn.(interface{ RoundTrips() int }); ok {
		t.trip = c.RoundTrips()
	}
}

// complete adds to c, a change that people see, what is known of the outage that begins or
// ends with it.
func (t *trace) complete(c *api.Change, ch session.Change) {
	switch {
	case c.To == api.Stopped:
		t.lost = nil // there is no outage where nobody wants a connection
	case linked(c.From) && !linked(c.To):
		t.lost = &lostConn{c.At, c.Trigger, c.Error, ch.Silence, c.SessionID, c.Duplicates}
	case linked(c.To) && t.lost != nil:
		c.Reconnect = t.story(c)
		if c.OutageMillis == 0 {
			c.OutageMillis = api.Millis(c.At.Sub(t.lost.at))
		}
		if c.ResumeMillis == 0 {
			c.ResumeMillis = api.Millis(t.up.Resume)
		}
		t.lost = nil
	}
}

func (t *trace) story(c *api.Change) *api.Reconnect {
	r := &api.Reconnect{
		LostAt:        t.lost.at,
		Trigger:       t.lost.trigger,
		Error:         t.lost.err,
		SilenceMillis: api.Millis(t.lost.silence),
		Dials:         t.up.Dials,
		RoundTrips:    t.trip,
		Session:       api.SessionNew,
	}
	if c.SessionID == t.lost.session {
		r.Session, r.Replayed = api.SessionKept, t.up.Replayed
		r.DuplicatesBefore = t.lost.duplicates
	}
	return r
}
