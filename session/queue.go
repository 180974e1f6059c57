package session

// queue is a first-in first-out ring that reuses its storage.
type queue[T any] struct {
	items []T // length is a power of two, or zero
	head  int
	n     int
}

func (q *queue[T]) len() int { return q.n }

// at returns the i-th oldest item; i must be below len.
func (q *queue[T]) at(i int) T { return q.items[(q.head+i)&(len(q.items)-1)] }

func (q *queue[T]) push(v T) {
	if q.n == len(q.items) {
		grown := make([]T, max(4, 2*len(q.items)))
		for i := range q.n {
			grown[i] = q.at(i)
		}
		q.items, q.head = grown, 0
	}
	q.items[(q.head+q.n)&(len(q.items)-1)] = v
	q.n++
}

func (q *queue[T]) pop() T {
	var zero T
	v := q.items[q.head]
	q.items[q.head] = zero
	q.head = (q.head + 1) & (len(q.items) - 1)
	q.n--
	return v
}

func (q *queue[T]) last() T { return q.at(q.n - 1) }
