package history

// ring keeps the latest values. Its zero value keeps none: see newRing.
type ring[T any] struct {
	size    int
	values  []T // in order from start, once full
	start   int
	dropped uint64
}

func newRing[T any](size int) ring[T] { return ring[T]{size: size} }

func (r *ring[T]) add(v T) {
	if len(r.values) < r.size {
		r.values = append(r.values, v)
		return
	}
	r.values[r.start] = v
	r.start = (r.start + 1) % r.size
	r.dropped++
}

// last is the newest; there must be one.
func (r *ring[T]) last() *T { return &r.values[(r.start+len(r.values)-1)%len(r.values)] }

// list returns a copy, oldest first.
func (r *ring[T]) list() []T {
	out := make([]T, 0, len(r.values))
	out = append(out, r.values[r.start:]...)
	return append(out, r.values[:r.start]...)
}

// dropOldest forgets n of them.
func (r *ring[T]) dropOldest(n int) {
	r.values = r.list()[n:]
	r.start = 0
	r.dropped += uint64(n)
}
