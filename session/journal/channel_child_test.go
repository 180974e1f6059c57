//go:build integration

package journal_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/durable"
	"github.com/standardbeagle/brum/session/journal"
	"github.com/standardbeagle/brum/wsconn"
)

func init() { journal.ChannelChild = channelChild }

// channelChild is one life of a side. Side 0 dials, side 1 accepts.
func channelChild(args string) error {
	var side, step, mode int
	var what, dir string
	if _, err := fmt.Sscanf(args, "%d %d %d %s %s", &side, &step, &mode, &what, &dir); err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }
	o := journal.KilledAt(journal.Options{SegmentBytes: 16 << 10}, func(n int, op string) (float64, bool) {
		if n != step {
			return 1, false
		}
		say("killed %s %s", [...]string{"before", "within", "after"}[mode], op)
		return float64(mode) / 2, true
	})
	j, err := journal.Open(journalOf(dir, side), o)
	if err != nil {
		return err
	}
	c := durable.New(j, nil)
	w, err := newWorker(byte(side), j, c, say)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(context.Background())
	addr := filepath.Join(dir, "address")
	if side == 0 {
		go func() { stop(dialAll(ctx, c, addr)) }()
	} else {
		go func() { stop(acceptAll(ctx, c, addr)) }()
	}
	receiving := ctx
	if what == "drain" {
		receiving = context.WithValue(ctx, hurry, true)
		go drain(ctx, w, stop)
	} else {
		go func() { stop(w.send(ctx)) }()
	}
	go func() { stop(w.receive(receiving)) }()
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, io.EOF) {
		return err
	}
	return errors.Join(c.Close(), j.Close())
}

// drain waits until everything has arrived and then for the parent to say that this holds for
// both sides.
func drain(ctx context.Context, w *worker, stop func(error)) {
	state, _ := w.journal.Stream(streamName)
	if n := state.Sent.Next; n > 0 {
		if err := w.stream.WaitCommitted(ctx, n-1); err != nil {
			stop(err)
			return
		}
	}
	w.note("drained")
	_, err := os.Stdin.Read(make([]byte, 1))
	stop(err)
}

// serve runs the channel over a session until that ends.
func serve(ctx context.Context, c *durable.Channel, s *session.Session) error {
	defer s.CloseNow()
	if err := c.Run(ctx, s, nil); broken(err) {
		return err
	}
	return context.Cause(ctx)
}

func dialAll(ctx context.Context, c *durable.Channel, addr string) error {
	for {
		s, err := session.Dial(func(ctx context.Context, request []byte) (session.Conn, []byte, error) {
			to, err := os.ReadFile(addr)
			if err != nil {
				return nil, nil, err
			}
			return brum.Dialer("ws://"+string(to), nil)(ctx, request)
		}, &session.Config{Key: channelKey})
		if err != nil {
			return err
		}
		if err := serve(ctx, c, s); err != nil {
			return err
		}
	}
}

func acceptAll(ctx context.Context, c *durable.Channel, addr string) error {
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: channelKey}})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := wsconn.NewServer(brum.Handler(acceptor, nil), nil)
	go server.Serve(ln)
	defer server.Close()
	temp := fmt.Sprint(addr, time.Now().UnixNano())
	if err := os.WriteFile(temp, []byte(ln.Addr().String()), 0o600); err != nil {
		return err
	}
	if err := os.Rename(temp, addr); err != nil {
		return err
	}
	failed := make(chan error, 1)
	for {
		s, err := acceptor.Accept(ctx)
		if err != nil {
			select {
			case err = <-failed:
			default:
			}
			return err
		}
		go func() {
			if err := serve(ctx, c, s); err != nil && broken(err) {
				select {
				case failed <- err:
				default:
				}
				acceptor.Close(ctx)
			}
		}()
	}
}
