package limitcheck

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

const (
	line = 4 << 10
	// quiet is for how long nothing must be taken before a flood counts as held up.
	quiet = 250 * time.Millisecond
	// tooMuch is where a flood is given up: a broken limit must not use up the machine.
	tooMuch = 128 << 20
	// slack is for what is being encoded.
	slack = 256 << 10
)

// flood sends until nothing is taken any more, and returns how much was.
func flood(ctx context.Context, s *session.Session) (sent int, err error) {
	msg := make([]byte, line)
	for last := time.Now(); sent < tooMuch; {
		switch err := s.TrySend(msg); {
		case err == nil:
			sent, last = sent+line, time.Now()
		case !errors.Is(err, session.ErrFull):
			return sent, err
		case time.Since(last) > quiet:
			return sent, nil
		default:
			select {
			case <-time.After(glance):
			case <-ctx.Done():
				return sent, ctx.Err()
			}
		}
	}
	return sent, nil
}

// checkStalledReader: a flood against a reader that reads nothing stays within the credit, and
// a session beside it is not held up.
func checkStalledReader(ctx context.Context, _ Options, p parts) Row {
	const bound = session.DefaultCredit + slack
	row := Row{Row: "K2", What: "a flood that its reader does not read", Limit: fmt.Sprintf("at most %s held; others go on", limits.Size(bound))}
	x, err := open(p, 2, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		return row.fail("%v", err)
	}
	defer x.end()
	talks, stalls, err := x.enter(ctx, nil)
	if err != nil {
		return row.fail("%v", err)
	}
	sent, err := flood(ctx, talks)
	if err != nil {
		return row.fail("after %s: %v", limits.Size(int64(sent)), err)
	}
	held := talks.Stats().UnackedBytes + stalls.Stats().InboxBytes
	if sent > bound || held > bound {
		return row.fail("%s taken, %s held", limits.Size(int64(sent)), limits.Size(int64(held)))
	}
	took, err := x.passMessage(ctx)
	if err != nil {
		return row.fail("%s held; a session beside it: %v", limits.Size(int64(held)), err)
	}
	return row.pass("%s held; a message beside it took %v", limits.Size(int64(held)), took.Round(10*time.Microsecond))
}

// passMessage sends a message in a session of its own.
func (x *place) passMessage(ctx context.Context) (time.Duration, error) {
	a, b, err := x.enter(ctx, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := a.Send(ctx, make([]byte, line)); err != nil {
		return 0, err
	}
	_, err = b.Receive(ctx)
	return time.Since(began), err
}

// checkLostLink: a flood into a session whose link is gone stays within its replay buffer, when
// the reader has allowed more.
func checkLostLink(ctx context.Context, _ Options, p parts) Row {
	const bound = session.DefaultReplayBytes + slack
	row := Row{Row: "K2", What: "a flood while the connection is lost", Limit: fmt.Sprintf("at most %s held", limits.Size(bound))}
	x, err := open(p, 2, 2*session.DefaultReplayBytes, slog.New(slog.DiscardHandler))
	if err != nil {
		return row.fail("%v", err)
	}
	defer x.end()
	var cord cord
	s, _, err := x.enter(ctx, &wsconn.DialOptions{DialContext: cord.dial})
	if err != nil {
		return row.fail("%v", err)
	}
	cord.cut()
	if !until(ctx, func() bool { return s.State() == session.Retrying }) {
		return row.fail("the loss of the connection is not noticed")
	}
	sent, err := flood(ctx, s)
	held := s.Stats().UnackedBytes
	if err != nil || sent > bound || held > bound {
		return row.fail("%s taken, %s held, error %v", limits.Size(int64(sent)), limits.Size(int64(held)), err)
	}
	return row.pass("%s held", limits.Size(int64(held)))
}

// cord is a network that can be cut for good.
type cord struct {
	mu    sync.Mutex
	conns []net.Conn
	gone  bool
}

var errCut = errors.New("cut")

func (c *cord) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := wsconn.DialTCP(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		conn.Close()
		return nil, errCut
	}
	c.conns = append(c.conns, conn)
	return conn, nil
}

func (c *cord) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for _, conn := range c.conns {
		conn.Close()
	}
}
