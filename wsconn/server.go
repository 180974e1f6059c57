package wsconn

import (
	"io"
	"log/slog"
	"net/http"
	"time"
)

// ServerOptions adjust NewServer. nil and zero values mean defaults.
type ServerOptions struct {
	// MaxPending is how many connections may exist that have not completed the header of
	// their first request. The oldest goes when there is one more. Default 64.
	MaxPending int
	// MaxIdle is how many connections may wait for a further request, each for a minute at
	// most. The one that waits longest goes when there is one more. Default 64.
	MaxIdle int
	// HeaderTimeout is how long a new connection may take for all that comes before its
	// first request's body: TLS handshake and header. Default 5 s.
	HeaderTimeout time.Duration
	// BodyTimeout bounds the reading of each request's body. Default 30 s.
	BodyTimeout time.Duration
	// Logger gets what the server itself has to say. Default slog.Default().
	Logger *slog.Logger
}

const idleTimeout = time.Minute

// NewServer returns a server for h that bounds what clients can hold before anybody knows
// who they are: header bytes (about 8 KiB), time and connections. It speaks HTTP/1.1 only,
// survives running out of file descriptors (see [Patient] for how to log that once), and limits
// neither responses nor upgraded connections. Its ConnState and Handler must be kept. A nil
// h answers 404.
func NewServer(h http.Handler, o *ServerOptions) *http.Server {
	var d ServerOptions
	if o != nil {
		d = *o
	}
	if h == nil {
		h = http.NotFoundHandler()
	}
	if d.MaxPending == 0 {
		d.MaxPending = 64
	}
	if d.MaxIdle == 0 {
		d.MaxIdle = 64
	}
	if d.HeaderTimeout == 0 {
		d.HeaderTimeout = 5 * time.Second
	}
	if d.BodyTimeout == 0 {
		d.BodyTimeout = 30 * time.Second
	}
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	g := &gate{
		fresh: newWaiting(d.MaxPending, d.HeaderTimeout),
		idle:  newWaiting(d.MaxIdle, idleTimeout),
	}
	return &http.Server{
		Handler:           limitBody(h, d.BodyTimeout),
		ConnState:         g.connState,
		ReadHeaderTimeout: d.HeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxAttachHeader, // net/http allows 4 KiB on top
		Protocols:         protocols,
		ErrorLog:          slog.NewLogLogger(d.Logger.Handler(), slog.LevelWarn),
	}
}

// limitBody puts a deadline on reading each request's body, also when the handler leaves
// that to net/http, which reads what is left before it answers.
func limitBody(h http.Handler, limit time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			rc := http.NewResponseController(w)
			if rc.SetReadDeadline(time.Now().Add(limit)) == nil {
				r.Body = &timedBody{r.Body, rc}
			}
		}
		h.ServeHTTP(w, r)
	})
}

// timedBody lifts the deadline at the end of the body: net/http goes on reading, to notice
// when the client hangs up, for as long as the answer takes.
type timedBody struct {
	io.ReadCloser
	rc *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}
