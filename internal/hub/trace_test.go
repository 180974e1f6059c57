package hub

import (
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/session"
)

// hops is a connection that knows its round trips.
type hops struct {
	session.Conn
	n int
}

func (h hops) RoundTrips() int { return h.n }

func TestL2_TraceOfOutages(t *testing.T) {
	at := time.Now()
	var tr trace
	step := func(from, to api.State, id string, ch session.Change) *api.Change {
		at = at.Add(time.Second)
		tr.change(ch, hops{n: 3})
		c := &api.Change{At: at, From: from, To: to, Trigger: "timeout", SessionID: id, Duplicates: ch.Duplicates}
		tr.complete(c, ch)
		return c
	}
	up := session.Change{From: session.Retrying, To: session.Active, Dials: 4, Replayed: 7, Resume: time.Millisecond, Duplicates: 3}
	down := session.Change{From: session.Suspect, To: session.Retrying, Silence: 2 * time.Second, Duplicates: 2}

	if c := step(api.Connecting, api.Active, "s", session.Change{From: session.Connecting, To: session.Active}); c.Reconnect != nil {
		t.Errorf("the first connection: %+v", c.Reconnect)
	}
	step(api.Active, api.Suspect, "s", session.Change{From: session.Active, To: session.Suspect})
	lost := step(api.Suspect, api.Retrying, "s", down)
	c := step(api.Retrying, api.Active, "s", up)
	want := api.Reconnect{LostAt: lost.At, Trigger: "timeout", SilenceMillis: 2000, Dials: 4, RoundTrips: 3, Replayed: 7, Session: api.SessionKept, DuplicatesBefore: 2}
	if c.Reconnect == nil || *c.Reconnect != want || c.OutageMillis != 1000 || c.ResumeMillis != 1 {
		t.Errorf("%+v, %+v", c, c.Reconnect)
	}

	// The session ends, and another one takes its place: nothing was sent again in that.
	step(api.Active, api.Retrying, "s", down)
	step(api.Retrying, api.Connecting, "", session.Change{})
	c = step(api.Connecting, api.Active, "t", up)
	if r := c.Reconnect; r == nil || r.Session != api.SessionNew || r.Replayed != 0 || r.Dials != 4 || c.OutageMillis != 2000 {
		t.Errorf("%+v, %+v", c, c.Reconnect)
	}

	// Who disconnects an instance and connects it again has had no outage.
	step(api.Active, api.Stopped, "t", session.Change{})
	if c := step(api.Stopped, api.Active, "u", up); c.Reconnect != nil || c.OutageMillis != 0 {
		t.Errorf("after a disconnect: %+v, %+v", c, c.Reconnect)
	}
	step(api.Active, api.Retrying, "u", down)
	step(api.Retrying, api.Stopped, "u", session.Change{})
	if c := step(api.Stopped, api.Active, "v", up); c.Reconnect != nil {
		t.Errorf("after a disconnect in an outage: %+v", c.Reconnect)
	}
}
