package httpconn

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"
)

type sentKey struct{}

// OnSent returns a context for one request. f is called, at least once and before the request
// returns, if bytes of it may have reached the instance and it may have been carried out.
func OnSent(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, sentKey{}, f)
}

// wire carries requests over connections that are kept alive. There is no limit to how many
// are under way, nor to how long one takes: that is for its context to say.
type wire struct {
	base   *http.Transport
	token  string
	heard  func()      // something has arrived
	broken func(error) // a request that was not given up has failed

	mu sync.Mutex
	// guards following
	flights map[*flight]struct{}
	closed  error // what requests fail with from now on; nil: they are made
}

// flight is a request under way, its answer's body included.
type flight struct{ cancel context.CancelCauseFunc }

func newWire(dial dialContext, token string) *wire {
	return &wire{
		base: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := dial(ctx, network, address)
				if err != nil {
					return nil, err
				}
				if tcp, ok := c.(*net.TCPConn); ok {
					_ = tcp.SetKeepAliveConfig(keepAlive) // else the system's own
				}
				return &countedConn{Conn: c}, nil
			},
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second,
			DisableCompression:  true,
			TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 only
		},
		token:   token,
		flights: make(map[*flight]struct{}),
	}
}

// keepAlive finds out in 25 s that the way to an instance is gone, under a call that waits.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

// tail is how long the end of an answer may take to follow it, after nobody waits any more: a
// connection is kept alive only if it was read to the end.
const tail = 50 * time.Millisecond

// client follows no redirect: the token is for nobody else.
func (w *wire) client() *http.Client {
	return &http.Client{
		Transport:     w,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip implements http.RoundTripper. A refusal that is not an answer in JSON is an error.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	parent := req.Context()
	if err := parent.Err(); err != nil { // the end of ctx would follow, but not at once
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() { cancel(context.Cause(parent)) })
	f := w.begin(cancel)
	sent, _ := parent.Value(sentKey{}).(func())
	if sent == nil {
		sent = func() {}
	}
	var way departure
	req = req.Clone(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: way.got}))
	if w.token != "" {
		req.Header.Set("Authorization", "Bearer "+w.token)
	}
	resp, err := w.base.RoundTrip(req)
	if err == nil {
		w.heard()
		err = refusalIn(resp)
		var refusal *StatusError
		if !errors.As(err, &refusal) || refusal.mayHaveRun() {
			sent()
		}
	} else if way.left(ctx) {
		sent()
	}
	stop()
	if err != nil {
		w.end(f, nil)
		if parent.Err() == nil {
			w.broken(err)
		}
		return nil, &RequestError{err}
	}
	stop = context.AfterFunc(parent, func() { time.AfterFunc(tail, func() { cancel(context.Cause(parent)) }) })
	resp.Body = &body{ReadCloser: resp.Body, heard: w.heard, ended: func(err error) {
		stop()
		w.end(f, nil)
		if err != nil && parent.Err() == nil {
			w.broken(err)
		}
	}}
	return resp, nil
}

func (w *wire) begin(cancel context.CancelCauseFunc) *flight {
	f := &flight{cancel}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed != nil {
		cancel(w.closed)
	}
	w.flights[f] = struct{}{}
	return f
}

func (w *wire) end(f *flight, cause error) {
	w.mu.Lock()
	delete(w.flights, f)
	w.mu.Unlock()
	f.cancel(cause)
}

// close makes all requests fail: those under way, and those to come, which nobody would end.
func (w *wire) close(cause error) {
	w.mu.Lock()
	w.closed = cause
	w.mu.Unlock()
	w.abandon(cause)
}

// abandon makes all requests under way fail.
func (w *wire) abandon(cause error) {
	w.mu.Lock()
	all := w.flights
	w.flights = make(map[*flight]struct{})
	w.mu.Unlock()
	for f := range all {
		f.cancel(cause)
	}
	w.base.CloseIdleConnections()
}

// body tells how reading an answer went.
type body struct {
	io.ReadCloser
	heard func()
	once  sync.Once
	ended func(error) // nil: as it should
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.heard()
	}
	switch {
	case err == io.EOF:
		b.once.Do(func() { b.ended(nil) })
	case err != nil:
		b.once.Do(func() { b.ended(err) })
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() { b.ended(nil) })
	return err
}
