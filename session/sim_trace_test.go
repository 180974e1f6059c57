package session

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// trace is what happened: a digest of everything, and the last of it in words.
type trace struct {
	hash xxhash.Digest
	ring [400]traced
	n    int
}

type traced struct {
	at   simTime
	who  string
	what string
	a, b int64
}

func (d *day) note(who, what string, a, b int64) {
	r := &d.trace
	r.ring[r.n%len(r.ring)] = traced{d.t, who, what, a, b}
	r.n++
	var buf [24]byte
	binary.LittleEndian.PutUint64(buf[:], uint64(d.t))
	binary.LittleEndian.PutUint64(buf[8:], uint64(a))
	binary.LittleEndian.PutUint64(buf[16:], uint64(b))
	r.hash.Write(buf[:])
	r.hash.WriteString(who)
	r.hash.WriteString(what)
}

func (r *trace) tail() string {
	var b strings.Builder
	for i := max(0, r.n-len(r.ring)); i < r.n; i++ {
		e := &r.ring[i%len(r.ring)]
		fmt.Fprintf(&b, "%16v %-6s %-24s %d %d\n", e.at.Round(time.Microsecond), e.who, e.what, e.a, e.b)
	}
	return b.String()
}

// event is something that will happen.
type event struct {
	at simTime
	n  uint64 // those at the same time happen in the order in which they were arranged
	do func()
}

func (e *event) before(f *event) bool { return e.at < f.at || (e.at == f.at && e.n < f.n) }

// eventQueue is a heap.
type eventQueue []event

func (q *eventQueue) push(e event) {
	h := append(*q, e)
	for i := len(h) - 1; i > 0 && h[i].before(&h[(i-1)/2]); i = (i - 1) / 2 {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
	}
	*q = h
}

func (q *eventQueue) pop() event {
	h := *q
	first, n := h[0], len(h)-1
	h[0], h[n] = h[n], event{}
	h = h[:n]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < n; c++ {
			if h[c].before(&h[least]) {
				least = c
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	*q = h
	return first
}
