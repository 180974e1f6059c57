package session

import "slices"

// waitingSender is a sender that waits for room: a value from session, or the end of budget, says that
// it is worth trying again.
type waitingSender struct {
	session chan struct{} // nil until it has to wait
	budget  <-chan struct{}
}

// waiting are the senders of a session that wait for room. Who sends large messages waits often:
// so their channels, of capacity 1, are used again.
type waiting struct {
	listed []chan struct{} // those who were not told yet
	spare  []chan struct{}
}

// maxSpare is how many channels are kept for who will wait.
const maxSpare = 4

// add lists w, which is told once.
func (q *waiting) add(w *waitingSender) {
	switch n := len(q.spare); {
	case w.session != nil:
	case n > 0:
		w.session, q.spare = q.spare[n-1], q.spare[:n-1]
	default:
		w.session = make(chan struct{}, 1)
	}
	if !slices.Contains(q.listed, w.session) { // or the budget has woken it
		q.listed = append(q.listed, w.session)
	}
}

// tell has everyone who is listed look again.
func (q *waiting) tell() {
	for _, c := range q.listed {
		select {
		case c <- struct{}{}:
		default: // it knows already
		}
	}
	clear(q.listed)
	q.listed = q.listed[:0]
}

// remove ends w's waiting.
func (q *waiting) remove(w *waitingSender) {
	c := w.session
	if i := slices.Index(q.listed, c); i >= 0 {
		q.listed = slices.Delete(q.listed, i, i+1)
	}
	select {
	case <-c:
	default:
	}
	if len(q.spare) < maxSpare {
		q.spare = append(q.spare, c)
	}
}
