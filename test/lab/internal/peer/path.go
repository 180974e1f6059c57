package main

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A path's queue, each way and connection, is so many pieces of so many bytes.
const (
	pieces = 16
	piece  = 4 << 10
)

// path forwards connections as a slow or impatient network does: with a delay and a bandwidth
// that all of them share, and an end for those that carry nothing.
func path(s *settings, done <-chan struct{}) error {
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	s.ready(listener.Addr().String())
	go func() {
		<-done
		listener.Close()
	}()
	out, back := &lane{rate: s.rate, delay: s.delay}, &lane{rate: s.rate, delay: s.delay}
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			defer client.Close()
			target, err := net.Dial("tcp", s.target)
			if err != nil {
				s.log.Error("path", "error", err)
				return
			}
			defer target.Close()
			forward(client, target, out, back, s.idle)
		}()
	}
}

// forward carries bytes both ways until one side ends, or nothing has come for idle.
func forward(client, target net.Conn, out, back *lane, idle time.Duration) {
	ended := make(chan struct{}, 2)
	moved := make(chan struct{}, 1)
	go out.carry(client, target, moved, ended)
	go back.carry(target, client, moved, ended)
	if idle == 0 {
		idle = 24 * time.Hour
	}
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		select {
		case <-ended:
			return
		case <-timer.C:
			return
		case <-moved:
			timer.Reset(idle)
		}
	}
}

// lane is one direction of a path.
type lane struct {
	rate  int
	delay time.Duration

	mu   sync.Mutex
	free time.Time // when the line has sent what it was given
}

// due is when n bytes that come now are through.
func (l *lane) due(n int) time.Time {
	now := time.Now()
	if l.rate == 0 {
		return now.Add(l.delay)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
	return l.free.Add(l.delay)
}

type parcel struct {
	bytes []byte
	due   time.Time
}

// carry forwards from one side to the other until either ends.
func (l *lane) carry(from io.Reader, to io.Writer, moved, ended chan<- struct{}) {
	queue := make(chan parcel, pieces)
	go func() {
		defer func() { ended <- struct{}{} }()
		for p := range queue {
			time.Sleep(time.Until(p.due))
			to.Write(p.bytes) // an error shows where it is read
		}
	}()
	defer close(queue)
	for {
		b := make([]byte, piece)
		n, err := from.Read(b)
		if err != nil {
			return
		}
		select {
		case moved <- struct{}{}:
		default:
		}
		queue <- parcel{b[:n], l.due(n)}
	}
}
