package hub

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/httpconn"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
)

// way is a connection to an instance that outlives outages: a session, or HTTP. Both are
// spoken of in the terms of sessions.
type way interface {
	ID() session.ID
	State() session.State
	Stats() session.Stats
	Watch(ctx context.Context) iter.Seq[session.Change]
	WaitActive(ctx context.Context) error
	Nudge(why session.Trigger)
	Done() <-chan struct{}
	Err() error
	Close(ctx context.Context) error
	CloseNow() error

	// conn is the connection of the moment, nil without one, or if there are many.
	conn() session.Conn
	// transport is for one MCP client, the main one.
	transport() mcp.Transport
	// leaves says when a request over it may have reached the instance.
	leaves() leaving
	// lacks is what can't be done over it.
	lacks() []string
	// onlyReads reports whether it answers that call by nothing but reading.
	onlyReads(tool string, arguments json.RawMessage) bool
}

// sessionWay is the resumable session that instances of brum offer.
type sessionWay struct{ *session.Session }

func (s sessionWay) transport() mcp.Transport {
	t := mcpsession.New(s.Session)
	t.CloseTimeout = goodbye
	return t
}

func (s sessionWay) conn() session.Conn                   { return s.Conn() }
func (sessionWay) leaves() leaving                        { return onWrite }
func (sessionWay) lacks() []string                        { return nil }
func (sessionWay) onlyReads(string, json.RawMessage) bool { return false }

// httpWay is plain HTTP.
type httpWay struct{ *httpconn.Conn }

func (h httpWay) transport() mcp.Transport { return h.Transport() }

func (httpWay) conn() session.Conn { return nil }

func (httpWay) leaves() leaving { return onTheWire }

func (h httpWay) onlyReads(tool string, arguments json.RawMessage) bool {
	return h.Legacy() && httpconn.OnlyReads(tool, arguments)
}

func (h httpWay) lacks() []string {
	lacking := []string{"a silent outage is noticed after 25 s", "new tools are seen after 30 s"}
	if h.Legacy() {
		return append(lacking,
			"a call whose connection breaks ends with outcome_unknown",
			"one that is given up goes on",
			"no progress of calls",
			"log lines are asked for twice a second")
	}
	return append(lacking,
		"the answer of a read whose connection breaks is lost",
		"the instance's token is sent with each request")
}

// transportOf says how an instance is reached: one of the api's transports, or "" if there is
// no way to it.
func (h *Hub) transportOf(f Found) string {
	http := f.HTTPURL != "" && h.cfg.DialHTTP != nil
	switch {
	case f.SessionURL != "" && (h.cfg.Networking != NetworkingHTTP || !http):
		return api.TransportSession
	case http:
		return api.TransportHTTP
	}
	return ""
}

// dial begins to reach an instance.
func (h *Hub) dial(f Found) (way, error) {
	if h.transportOf(f) == api.TransportHTTP {
		c, err := h.cfg.DialHTTP(f)
		if err != nil {
			return nil, err
		}
		return httpWay{c}, nil
	}
	s, err := h.cfg.Dial(f)
	if err != nil {
		return nil, err
	}
	return sessionWay{s}, nil
}
