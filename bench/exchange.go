package main

import (
	"encoding/binary"
	"fmt"
	"sync"
)

// exchange is a long conversation with numbered messages in both directions, which outlives
// the connections that it is carried over. This is the server's side of it. For each message
// that arrives it sends one, of the same number; so neither side runs ahead of the other
// while there is no connection.
type exchange struct {
	count int

	mu     sync.Mutex
	change *sync.Cond
	got    *ledger
	allow  int // messages that may be sent
	next   int // the one that is to be sent next
	turn   int // numbers the connections
}

// exchanges are the server's.
var exchanges = exchangeTable{all: map[int]*exchange{}}

type exchangeTable struct {
	mu  sync.Mutex
	all map[int]*exchange
}

// exchangeNumber names an exchange of so many messages each way.
func exchangeNumber(id, count int) int { return id<<32 | count }

// join lets to carry an exchange from now on.
func (t *exchangeTable) join(number int, to sender) *exchange {
	t.mu.Lock()
	e := t.all[number]
	if e == nil {
		count := number & (1<<32 - 1)
		e = &exchange{count: count, got: newLedger(count)}
		e.change = sync.NewCond(&e.mu)
		t.all[number] = e
	}
	t.mu.Unlock()
	e.mu.Lock()
	e.turn++
	turn := e.turn
	e.change.Broadcast()
	e.mu.Unlock()
	go e.pump(turn, to)
	return e
}

// find returns how an exchange stands; release lets all that was not yet sent go.
func (t *exchangeTable) find(number int, release bool) standing {
	t.mu.Lock()
	e := t.all[number]
	t.mu.Unlock()
	if e == nil {
		return standing{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if release {
		e.allow = e.count
		e.change.Broadcast()
	}
	return standing{Sent: e.next, Received: e.got.received, Doubled: e.got.doubled}
}

// standing is how one side of an exchange stands.
type standing struct{ Sent, Received, Doubled int }

func (e *exchange) took(msg []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := e.got.enter(msg)
	if err != nil {
		return err
	}
	if n >= e.allow {
		e.allow = n + 1
		e.change.Broadcast()
	}
	return nil
}

// pump sends over one connection, until there is a later one. A message whose send failed is
// sent again over the next.
func (e *exchange) pump(turn int, to sender) {
	for {
		e.mu.Lock()
		for e.turn == turn && e.next >= e.allow && e.next < e.count {
			e.change.Wait()
		}
		n := e.next
		over := e.turn != turn || n == e.count
		e.mu.Unlock()
		if over || to.send(numbered(n)) != nil {
			return
		}
		e.mu.Lock()
		e.next = max(e.next, n+1)
		e.mu.Unlock()
	}
}

const numberedSize = 64

func numbered(n int) []byte {
	msg := make([]byte, numberedSize)
	binary.BigEndian.PutUint64(msg, uint64(n))
	return msg
}

// ledger knows which numbered messages have arrived, and how often.
type ledger struct {
	seen              []bool
	received, doubled int
}

func newLedger(count int) *ledger { return &ledger{seen: make([]bool, count)} }

func (l *ledger) enter(msg []byte) (int, error) {
	if len(msg) != numberedSize {
		return 0, fmt.Errorf("a message of %d bytes", len(msg))
	}
	n := int(binary.BigEndian.Uint64(msg))
	switch {
	case n >= len(l.seen):
		return n, fmt.Errorf("message %d of %d", n, len(l.seen))
	case l.seen[n]:
		l.doubled++
	default:
		l.seen[n] = true
		l.received++
	}
	return n, nil
}
