package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// talker is the client's side of an exchange (exchange.go).
type talker interface {
	// allow lets the first n messages go; they leave at the pace the talker was given.
	allow(n int) error
	standing() (standing, error)
	close()
}

// startTalk begins an exchange over addr.
func (t *track) startTalk(addr string, number, count, pace int) (talker, error) {
	if t.client == nil {
		return newTalk(t.p, addr, number, count, pace)
	}
	if _, err := t.client.do(job{Do: "open", Addr: addr, Count: 1}); err != nil {
		return nil, err
	}
	_, err := t.client.do(job{Do: "talk", Size: number, Count: count, Every: pace})
	return foreignTalk{t.client}, err
}

type foreignTalk struct{ c *foreignClient }

func (t foreignTalk) allow(n int) error {
	_, err := t.c.do(job{Do: "allow", Count: n})
	return err
}

func (t foreignTalk) standing() (standing, error) {
	r, err := t.c.do(job{Do: "standing"})
	return r.Standing, err
}

func (t foreignTalk) close() { t.c.do(job{Do: "close"}) }

// talk is a talker of this program. Where the peer does not reconnect by itself it does what
// an application would do: dial at once, again and again, and go on; what the old connection
// refused is sent again, what it took is not.
type talk struct {
	p      peer
	addr   string
	number int
	count  int
	pace   int // messages a millisecond

	mu      sync.Mutex
	change  *sync.Cond
	line    conn
	turn    int // numbers the lines
	allowed int
	sent    int
	got     *ledger
	err     error // final
	over    bool
	running sync.WaitGroup
}

func newTalk(p peer, addr string, number, count, pace int) (*talk, error) {
	t := &talk{p: p, addr: addr, number: number, count: count, pace: pace, got: newLedger(count)}
	t.change = sync.NewCond(&t.mu)
	if err := t.dial(); err != nil {
		return nil, err
	}
	t.running.Go(t.receive)
	t.running.Go(t.send)
	return t, nil
}

func (t *talk) dial() error {
	line, err := t.p.dial(t.addr)
	if err != nil {
		return err
	}
	if err := line.send(command(opBoth, t.number)); err != nil {
		line.close()
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		line.close()
		return errOver
	}
	t.line = line
	t.turn++
	t.change.Broadcast()
	return nil
}

var errOver = errors.New("the exchange is over")

func (t *talk) receive() {
	for {
		t.mu.Lock()
		line := t.line
		t.mu.Unlock()
		err := line.each(func(msg []byte) bool {
			t.mu.Lock()
			defer t.mu.Unlock()
			if _, err := t.got.enter(msg); err != nil {
				t.err = err
			}
			return t.err == nil && !t.over
		})
		line.close()
		for err != nil {
			if err = t.dial(); errors.Is(err, errOver) {
				return
			} else if err != nil {
				time.Sleep(time.Millisecond)
			}
		}
		t.mu.Lock()
		over := t.over || t.err != nil
		t.mu.Unlock()
		if over {
			return
		}
	}
}

func (t *talk) send() {
	began := time.Now()
	for n := 0; n < t.count; {
		line, turn, ok := t.next(n)
		if !ok {
			return
		}
		if line.send(numbered(n)) != nil {
			line.close()
			t.await(turn)
			continue
		}
		n++
		t.mu.Lock()
		t.sent = n
		t.mu.Unlock()
		if n%t.pace == 0 { // a sender that is behind has no right to catch up at once
			if ahead := time.Millisecond - time.Since(began); ahead > 0 {
				time.Sleep(ahead)
			}
			began = time.Now()
		}
	}
}

func (t *talk) next(n int) (line conn, turn int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n >= t.allowed && !t.over {
		t.change.Wait()
	}
	return t.line, t.turn, !t.over
}

// await waits for a later line.
func (t *talk) await(turn int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.turn == turn && !t.over {
		t.change.Wait()
	}
}

func (t *talk) allow(n int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.allowed = min(n, t.count)
	t.change.Broadcast()
	return t.err
}

func (t *talk) standing() (standing, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return standing{}, fmt.Errorf("%s: %w", t.p.name(), t.err)
	}
	return standing{Sent: t.sent, Received: t.got.received, Doubled: t.got.doubled}, nil
}

func (t *talk) close() {
	t.mu.Lock()
	t.over = true
	line := t.line
	t.change.Broadcast()
	t.mu.Unlock()
	line.close()
	t.running.Wait()
}
