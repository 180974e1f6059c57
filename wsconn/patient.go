package wsconn

import (
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// Pauses of a listener that can't accept.
const (
	firstRest = 5 * time.Millisecond
	longRest  = time.Second
)

// Patient returns l, made to survive that there are no file descriptors or no memory for another
// connection: Accept waits and tries again, at most a second later, until there are or the
// listener is closed. Clients wait meanwhile, as long as they like. log hears of it once, and
// once when it is over; nil is slog.Default.
func Patient(l net.Listener, log *slog.Logger) net.Listener {
	if log == nil {
		log = slog.Default()
	}
	return &patient{Listener: l, log: log, closed: make(chan struct{})}
}

type patient struct {
	net.Listener
	log    *slog.Logger
	closed chan struct{}
	once   sync.Once
}

func (p *patient) Accept() (net.Conn, error) {
	var since time.Time // of the exhaustion
	for rest := firstRest; ; rest = min(2*rest, longRest) {
		c, err := p.Listener.Accept()
		if errors.Of(err) != errors.Limit {
			if !since.IsZero() && err == nil {
				p.log.Info("connections are accepted again", "address", p.Addr().String(), "after", time.Since(since))
			}
			return c, err
		}
		if since.IsZero() {
			since = time.Now()
			p.log.Error("no connections are accepted until there is room for them", "address", p.Addr().String(), "error", err)
		}
		select {
		case <-time.After(rest):
		case <-p.closed:
			return nil, net.ErrClosed
		}
	}
}

func (p *patient) Close() error {
	p.once.Do(func() { close(p.closed) })
	return p.Listener.Close()
}
