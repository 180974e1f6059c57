package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/durable"
	"github.com/standardbeagle/brum/session/journal"
	"github.com/standardbeagle/brum/wsconn"
)

const durableStream = "bench"

// scratch makes a directory for a journal.
func scratch() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "brum-bench-")
	return dir, func() { os.RemoveAll(dir) }, err
}

// durableLane is one end of a durable stream.
type durableLane struct {
	journal *journal.Journal
	channel *durable.Channel
	stream  *durable.Stream
	stop    func()
	sent    atomic.Uint64 // the highest index, and one
}

func openLane(dir string) (*durableLane, error) {
	j, err := journal.Open(filepath.Join(dir, "journal"), nil)
	if err != nil {
		return nil, err
	}
	c := durable.New(j, nil)
	st, err := c.Stream(durableStream)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return &durableLane{journal: j, channel: c, stream: st, stop: func() {}}, nil
}

func openDurable(addr, dir string) (lane, error) {
	l, err := openLane(dir)
	if err != nil {
		return nil, err
	}
	s, err := brum.Dial("ws://"+addr, &session.Config{Key: benchKey}, nil)
	if err != nil {
		return nil, err
	}
	l.stop = func() { s.CloseNow() }
	go l.channel.Run(context.Background(), s, nil) // until the session ends
	return l, nil
}

func (l *durableLane) send(msg []byte) error {
	n, err := l.stream.Send(context.Background(), msg)
	for err == nil {
		if sent := l.sent.Load(); sent > n || l.sent.CompareAndSwap(sent, n+1) {
			break
		}
	}
	return err
}

func (l *durableLane) committed() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return l.stream.WaitCommitted(ctx, l.sent.Load()-1)
}

func (l *durableLane) close() {
	l.stop()
	l.channel.Close()
	l.journal.Close()
}

// lazily is how often JetStream writes down what a receiver has acknowledged, which it
// confirms before.
const lazily = 100 * time.Millisecond

// serveDurable has a receiver that commits as far as it has come, and then pauses.
func serveDurable(ctx context.Context, listener net.Listener, pause time.Duration) error {
	dir, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	l, err := openLane(dir)
	if err != nil {
		return err
	}
	defer l.close()
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: benchKey}})
	if err != nil {
		return err
	}
	go func() {
		for {
			s, err := acceptor.Accept(ctx)
			if err != nil {
				return
			}
			go l.channel.Run(ctx, s, nil)
		}
	}()
	go l.commitAll(ctx, pause)
	err = serveHTTP(ctx, listener, wsconn.NewServer(brum.Handler(acceptor, nil), nil))
	over, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	acceptor.Close(over)
	return err
}

// commitAll receives, and commits as far as it has come whenever the last commit is done and
// the pause is over.
func (l *durableLane) commitAll(ctx context.Context, pause time.Duration) {
	latest := make(chan journal.Cursor, 1)
	defer close(latest)
	go func() {
		for c := range latest {
			if l.stream.Commit(ctx, c, nil) != nil {
				return
			}
			time.Sleep(pause)
		}
	}()
	for {
		m, err := l.stream.Receive(ctx)
		if err != nil {
			return
		}
		overtake(latest, m.Cursor())
	}
}

// overtake puts v in the place of what nobody has taken yet. One goroutine may call it.
func overtake[T any](latest chan T, v T) {
	select {
	case <-latest:
	default:
	}
	latest <- v
}
