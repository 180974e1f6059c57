package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/test/lab/internal/report"
	"github.com/standardbeagle/brum/wsconn"
)

// goodbye is how long calls may wait for their answers in the end, and sessions for theirs.
const goodbye = 40 * time.Second

// dial keeps sessions that make calls and receive a log. When one is lost it begins another.
func dial(s *settings, done <-chan struct{}) error {
	pem, err := os.ReadFile(s.certificate)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	options := &wsconn.DialOptions{
		TLS:   &tls.Config{RootCAs: roots},
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	}
	monitor, err := power.New(power.WithLogger(s.log))
	if err != nil {
		return err
	}
	defer monitor.Close()
	go func() {
		for e := range monitor.Subscribe().C { // until the monitor is closed
			s.log.Info("event", "kind", e.Kind, "net", e.Net)
		}
	}()
	guard := brum.NewGuard(monitor)
	defer guard.Close()
	var all sync.WaitGroup
	for i := range s.sessions {
		all.Go(func() {
			for again := true; again; {
				again = s.call(guard, options, i, done)
			}
		})
	}
	all.Wait()
	return nil
}

// call keeps one session to its end, and reports whether there shall be another.
func (s *settings) call(guard *brum.Guard, options *wsconn.DialOptions, index int, done <-chan struct{}) (again bool) {
	owner := sha256.Sum256(fmt.Appendf(nil, "%s %d", s.key, index))
	cfg := s.config()
	cfg.Owner = session.ID(owner[:16])
	sess, err := guard.Dial(s.target, &cfg, options)
	if err != nil {
		s.log.Error("dial", "error", err)
		return false
	}
	told := watch(sess, index, s.out)
	a := newAccount(sess)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var answers sync.WaitGroup
	answers.Go(func() { receive(ctx, sess, a) })
	logged := make(chan struct{})
	log, err := sess.OpenStream(ctx, "log")
	if err == nil {
		err = a.send(ctx, log, line, 1, s.size) // or the peer would not learn of it
	}
	if err == nil {
		go func() {
			defer close(logged)
			receive(ctx, log, a)
		}()
		if err = s.makeCalls(ctx, sess, a, done); err == nil {
			s.end(sess, a, logged)
		}
		<-logged
	}
	answers.Wait() // also for what a lost session had received
	sess.CloseNow()
	<-told
	s.out.Write(report.Line{Session: index, Ledger: a.end()})
	select {
	case <-done:
		return false
	case <-time.After(100 * time.Millisecond): // a peer that refuses is not to be stormed
		return err != nil
	}
}

// makeCalls makes calls at a steady pace until done, or until the session is lost.
func (s *settings) makeCalls(ctx context.Context, sess *session.Session, a *account, done <-chan struct{}) error {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	n := uint64(0)
	for {
		select {
		case <-sess.Done():
			return sess.Err()
		case <-done:
			a.finished()
			return a.send(ctx, sess, stop, n+1, s.size)
		case <-tick.C:
			n++
			if err := a.send(ctx, sess, call, n, s.size); err != nil {
				return err
			}
		}
	}
}

// end closes the session when all calls are answered and the log has ended.
func (s *settings) end(sess *session.Session, a *account, logged <-chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	for _, c := range []<-chan struct{}{a.answered, logged} {
		select {
		case <-c:
		case <-sess.Done():
		case <-ctx.Done():
			s.log.Error("not all is answered, or the log does not end")
		}
	}
	if err := sess.Close(ctx); err != nil {
		s.log.Error("close", "error", err)
		sess.CloseNow()
	}
}

// receive accounts for what comes until there is no more.
func receive(ctx context.Context, from interface {
	Receive(context.Context) ([]byte, error)
}, a *account) {
	for {
		b, err := from.Receive(ctx)
		if err != nil {
			return
		}
		k, n, err := parse(b)
		if err != nil {
			panic(err) // the bytes that were sent are those that come
		}
		a.take(k, n)
	}
}
