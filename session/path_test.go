package session

import (
	"sync"
	"time"
)

// path is one direction of a network: what is written leaves at a rate and arrives a delay later. A nil
// path takes no time.
type path struct {
	rate   float64 // bytes a second
	delay  time.Duration
	buffer int // bytes that may wait for their turn; a write of more takes until there is room

	mu   sync.Mutex
	free time.Time // when what was written will have left
}

// gigabit is a direction of a path of 1 Gbit/s with that round trip, and a socket's buffer before it.
func gigabit(rtt time.Duration) *path { return &path{rate: 1e9 / 8, delay: rtt / 2, buffer: 1 << 20} }

func (p *path) again() *path {
	if p == nil {
		return nil
	}
	return &path{rate: p.rate, delay: p.delay, buffer: p.buffer}
}

// carry waits until n bytes are taken and returns when they arrive.
func (p *path) carry(n int) (at time.Time) {
	if p == nil {
		return time.Time{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(p.takes(n))
	time.Sleep(time.Until(p.free) - p.takes(p.buffer))
	return p.free.Add(p.delay)
}

func (p *path) takes(n int) time.Duration {
	return time.Duration(float64(n) / p.rate * float64(time.Second))
}
