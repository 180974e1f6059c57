// Package brum joins resumable sessions (package session) to WebSocket connections (package
// wsconn): the dialing side calls [Dial] with a URL, the accepting side serves [Handler].
//
// A session outlives its connections. It keeps itself connected, and what one side sends
// arrives at the other exactly once and in order, whatever happens to the network between.
// Both sides hold the same key, which never crosses the wire. Package session documents what
// is guaranteed, package wsconn who gets in; package mcpsession carries MCP over a session.
package brum

import (
	"context"
	"net/http"

	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// Dial begins a session with the acceptor that is served at url (ws, wss, http or https) and
// returns at once; see session.Dial. o may be nil.
func Dial(url string, cfg *session.Config, o *wsconn.DialOptions) (*session.Session, error) {
	return session.Dial(Dialer(url, o), cfg)
}

// Dialer returns the function by which a session connects to url. o may be nil.
func Dialer(url string, o *wsconn.DialOptions) session.DialFunc {
	return func(ctx context.Context, request []byte) (session.Conn, []byte, error) {
		c, reply, err := wsconn.Dial(ctx, url, request, o)
		if c == nil {
			return nil, reply, err // a nil *wsconn.Conn would be a session.Conn that is not nil
		}
		return c, reply, err
	}
}

// Handler returns a handler that attaches connections to the sessions of a. It answers each
// request that is not welcome itself. o may be nil.
//
// Serve it with wsconn.NewServer, on an address that wsconn.CheckListenAddress approves.
func Handler(a *session.Acceptor, o *wsconn.AcceptOptions) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var at *session.Attachment
		c, err := wsconn.Accept(w, r, o, func(request []byte) ([]byte, bool) {
			at = a.Attach(request)
			return at.Reply(), at.Accepted()
		})
		switch {
		case err == nil:
			at.Bind(c)
		case at != nil && at.Accepted():
			at.Abort(err)
		}
	})
}
