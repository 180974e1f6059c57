package main

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// longPath is a proxy that is a path of a given rate and delay: each byte gets its turn at the
// rate, and arrives the delay later. It holds what is under way, and a little more when the
// receiver is slow; then it stops reading, as a queue that is full.
type longPath struct {
	target string
	rate   float64 // bytes a second
	delay  time.Duration
}

const (
	pathRTT   = 120 * time.Millisecond
	pathRate  = 1e9 / 8
	pathChunk = 32 << 10
	pathQueue = 2048 // chunks a direction
)

func (p longPath) serve(ctx context.Context, l net.Listener) error {
	return serveConns(ctx, l, func(c net.Conn) {
		defer c.Close()
		t, err := net.Dial("tcp", p.target)
		if err != nil {
			return
		}
		defer t.Close()
		var wg sync.WaitGroup
		wg.Go(func() { p.carry(t, c) })
		wg.Go(func() { p.carry(c, t) })
		wg.Wait()
	})
}

type parcel struct {
	due  time.Time
	data []byte
}

func (p longPath) carry(to, from net.Conn) {
	queue := make(chan parcel, pathQueue)
	spare := make(chan []byte, pathQueue)
	go p.take(from, queue, spare)
	for parcel := range queue {
		time.Sleep(time.Until(parcel.due))
		if _, err := to.Write(parcel.data); err != nil {
			from.Close()
			break
		}
		select {
		case spare <- parcel.data:
		default:
		}
	}
	for range queue { // until the reader has noticed
	}
	if tcp, ok := to.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
}

func (p longPath) take(from io.Reader, queue chan<- parcel, spare <-chan []byte) {
	defer close(queue)
	free := time.Now() // when the line is free for the next byte
	for {
		var buf []byte
		select {
		case buf = <-spare:
			buf = buf[:cap(buf)]
		default:
			buf = make([]byte, pathChunk)
		}
		n, err := from.Read(buf)
		if n > 0 {
			if now := time.Now(); free.Before(now) {
				free = now
			}
			free = free.Add(time.Duration(float64(n) / p.rate * float64(time.Second)))
			queue <- parcel{free.Add(p.delay), buf[:n]}
			if ahead := time.Until(free); ahead > time.Millisecond {
				time.Sleep(ahead)
			}
		}
		if err != nil {
			return
		}
	}
}
