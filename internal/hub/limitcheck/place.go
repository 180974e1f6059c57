package limitcheck

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"

	brumlib "github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// place is a server on loopback that accepts sessions, as an instance is.
type place struct {
	parts    parts
	key      []byte
	budget   *session.Budget
	acceptor *session.Acceptor
	url      string
	accepted chan *session.Session
	end      func()

	mu       sync.Mutex
	sessions []*session.Session // that were dialled
}

// open serves an acceptor for max sessions, each of which may send credit bytes ahead of its
// reader; 0 is the default.
func open(p parts, max, credit int, log *slog.Logger) (*place, error) {
	x := &place{parts: p, key: make([]byte, 32), budget: session.NewBudget(session.DefaultBudgetBytes), accepted: make(chan *session.Session)}
	rand.Read(x.key) // never fails
	cfg := session.AcceptorConfig{Config: x.config(), MaxSessions: max}
	cfg.Credit, cfg.MaxCredit = credit, credit
	var err error
	if x.acceptor, err = p.acceptor(cfg); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	x.url = "ws://" + ln.Addr().String()
	server := wsconn.NewServer(brumlib.Handler(x.acceptor, nil), &wsconn.ServerOptions{Logger: log})
	life, cancel := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { server.Serve(p.listener(ln, log)) })
	tasks.Go(func() { x.accept(life) })
	x.end = func() {
		now, stop := context.WithCancel(context.Background())
		stop()
		for _, s := range x.dialled() {
			s.CloseNow()
		}
		x.acceptor.Close(now)
		server.Close()
		ln.Close() // a broken listener may have been left behind
		cancel()
		tasks.Wait()
	}
	return x, nil
}

func (x *place) config() session.Config { return session.Config{Key: x.key, Budget: x.budget} }

// accept hands sessions to whoever asks for them in time.
func (x *place) accept(life context.Context) {
	for {
		s, err := x.acceptor.Accept(life)
		if err != nil {
			return
		}
		select {
		case x.accepted <- s:
		case <-s.Done():
		case <-life.Done():
			return
		}
	}
}

func (x *place) dialled() []*session.Session {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sessions
}

// begin begins a session that ends with the place.
func (x *place) begin(o *wsconn.DialOptions) (*session.Session, error) {
	s, err := x.parts.dial(brumlib.Dialer(x.url, o), x.config())
	if err == nil {
		x.mu.Lock()
		x.sessions = append(x.sessions, s)
		x.mu.Unlock()
	}
	return s, err
}

// entrance is how long a session may take to be up; over loopback that is a millisecond's matter.
const entrance = 5 * time.Second

// enter returns both ends of a session that is up.
func (x *place) enter(ctx context.Context, o *wsconn.DialOptions) (dialing, accepted *session.Session, err error) {
	s, err := x.begin(o)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, entrance)
	defer cancel()
	if err := s.WaitActive(ctx); err != nil {
		return nil, nil, errors.Join(err, s.Stats().LastError)
	}
	select {
	case accepted = <-x.accepted:
		return s, accepted, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// glance is how often something is looked at that does not tell of itself.
const glance = 2 * time.Millisecond

// until looks until ok or the end of ctx.
func until(ctx context.Context, ok func() bool) bool {
	for !ok() {
		select {
		case <-time.After(glance):
		case <-ctx.Done():
			return ok()
		}
	}
	return true
}
