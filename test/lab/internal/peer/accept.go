package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/test/lab/internal/report"
	"github.com/standardbeagle/brum/wsconn"
)

// accept answers the calls of all sessions that come, and sends each a log.
func accept(s *settings, done <-chan struct{}) error {
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: s.config()})
	if err != nil {
		return err
	}
	hosts := strings.Split(s.names, ",")
	identity, err := loadIdentity(s.certificate, hosts)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	server := wsconn.NewServer(brum.Handler(acceptor, &wsconn.AcceptOptions{Access: wsconn.Access{Hosts: hosts}}),
		&wsconn.ServerOptions{Logger: slog.New(slog.DiscardHandler)})
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{identity}}
	s.ready(listener.Addr().String())

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { server.ServeTLS(listener, "", "") })
	all.Go(func() {
		for index := 0; ; index++ {
			sess, err := acceptor.Accept(ctx)
			if err != nil {
				return
			}
			told := watch(sess, index, s.out)
			all.Go(func() {
				s.serve(ctx, sess, index)
				<-told
			})
		}
	})
	<-done
	ending, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	err = acceptor.Close(ending)
	cancel()
	err = errors.Join(err, server.Close())
	all.Wait()
	return err
}

// serve answers calls until the session has ended, and sends the log until it is told to stop.
func (s *settings) serve(ctx context.Context, sess *session.Session, index int) {
	a := newAccount(sess)
	stopped := make(chan struct{})
	var log sync.WaitGroup
	log.Go(func() { s.writeLog(ctx, sess, a, stopped) })
	for {
		b, err := sess.Receive(ctx)
		if err != nil {
			break // orderly or not: the ledger tells
		}
		k, n, err := parse(b)
		if err != nil {
			panic(err) // the bytes that were sent are those that come
		}
		a.take(k, n)
		if k == stop {
			close(stopped)
			continue
		}
		if a.send(ctx, sess, answer, n, len(b)) != nil {
			break
		}
	}
	<-sess.Done()
	log.Wait()
	s.out.Write(report.Line{Session: index, Ledger: a.end()})
}

// writeLog sends lines on the stream that the peer has opened for them.
func (s *settings) writeLog(ctx context.Context, sess *session.Session, a *account, stopped <-chan struct{}) {
	log, err := sess.AcceptStream(ctx)
	if err != nil {
		return
	}
	b, err := log.Receive(ctx)
	if err != nil {
		return
	}
	k, n, err := parse(b)
	if err != nil {
		panic(err)
	}
	a.take(k, n)
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for n := uint64(1); ; n++ {
		if a.send(ctx, log, line, n, len(b)) != nil {
			return
		}
		select {
		case <-stopped:
			if err := log.CloseSend(ctx); err != nil {
				s.log.Error("end of the log", "error", err)
			}
			return
		case <-sess.Done():
			return
		case <-tick.C:
		}
	}
}
