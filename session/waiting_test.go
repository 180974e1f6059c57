package session

import "testing"

// Who waits is told once, whatever woke it before, and its channel is clean when it is used again.
func TestWaitingSenders(t *testing.T) {
	told := func(w *waitingSender) bool {
		select {
		case <-w.session:
			return true
		default:
			return false
		}
	}
	var q waiting
	var a, b waitingSender
	q.add(&a)
	q.add(&b)
	q.add(&b) // it was woken by the budget
	q.tell()
	q.add(&a) // it was woken by the budget, and has a value waiting
	q.tell()
	if !told(&a) || told(&a) || !told(&b) || told(&b) {
		t.Error("not told, or twice")
	}
	q.tell()
	if told(&a) || told(&b) {
		t.Error("told without asking")
	}
	q.add(&a)
	q.add(&b)
	q.tell()
	q.add(&b)
	q.remove(&a)
	q.remove(&b)
	if len(q.listed) != 0 || len(q.spare) != 2 {
		t.Fatalf("%d listed, %d spare", len(q.listed), len(q.spare))
	}
	var c, d waitingSender
	q.add(&c)
	q.add(&d)
	if len(q.spare) != 0 || told(&c) || told(&d) {
		t.Error("a stale value")
	}
	for range 2 * maxSpare {
		q.add(new(waitingSender))
	}
	for _, ch := range append([]chan struct{}(nil), q.listed...) {
		q.remove(&waitingSender{session: ch})
	}
	if len(q.spare) != maxSpare || len(q.listed) != 0 {
		t.Errorf("%d listed, %d spare", len(q.listed), len(q.spare))
	}
	if n := testing.AllocsPerRun(100, func() {
		var w waitingSender
		q.add(&w)
		q.tell()
		q.remove(&w)
	}); n > 0 && !raceEnabled {
		t.Errorf("%v allocations to wait", n)
	}
}
