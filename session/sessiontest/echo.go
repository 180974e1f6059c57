package sessiontest

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/standardbeagle/brum/session"
)

// Echo is the application that TestPeer talks to, on package session: it runs until the
// session has ended or ctx is done. What it receives on a stream it sends back on it, and
// the end of the peer's side it answers with its own. On the main stream these are commands:
//
//	close      closes the session in an orderly way
//	abort      ends it at once
//	open NAME  opens a stream of that name and echoes on it, too
//	send N     sends a message of N bytes
//	hold       receives no more on the main stream
//
// and on any other:
//
//	reset      resets the stream
//	hold       receives no more on it
func Echo(ctx context.Context, s *session.Session) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for {
			st, err := s.AcceptStream(ctx)
			if err != nil {
				return
			}
			wg.Go(func() { echoStream(ctx, st) })
		}
	})
	for {
		msg, err := s.Receive(ctx)
		if err != nil {
			return
		}
		word, argument, _ := strings.Cut(string(msg), " ")
		switch word {
		case "close":
			err = s.Close(ctx)
		case "abort":
			err = s.CloseNow()
		case "open":
			var st *session.Stream
			if st, err = s.OpenStream(ctx, argument); err == nil {
				wg.Go(func() { echoStream(ctx, st) })
			}
		case "send":
			n, _ := strconv.Atoi(argument) // not a number: an empty message
			err = s.Send(ctx, bytes.Repeat([]byte("x"), n))
		case "hold":
			select {
			case <-s.Done():
			case <-ctx.Done():
			}
			return
		default:
			err = s.Send(ctx, msg)
		}
		if err != nil {
			return
		}
	}
}

func echoStream(ctx context.Context, st *session.Stream) {
	for {
		msg, err := st.Receive(ctx)
		if err != nil {
			_ = st.CloseSend(ctx) // of a stream or session that is gone: nothing
			return
		}
		switch string(msg) {
		case "reset":
			err = st.Reset(ctx)
		case "hold":
			return
		default:
			err = st.Send(ctx, msg)
		}
		if err != nil {
			return
		}
	}
}

// PackageSession is package session, as TestPeer tests it.
func PackageSession() Implementation { return Implementation{Accept: acceptEcho, Dial: dialEcho} }
