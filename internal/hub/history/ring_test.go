package history

import "testing"

func TestRingKeepsTheLatest(t *testing.T) {
	const size = 7
	r := newRing[int](size)
	for n := range 3*size + 2 {
		r.add(n)
		list, kept := r.list(), min(n+1, size)
		if len(list) != kept || r.dropped != uint64(n+1-kept) || *r.last() != n {
			t.Fatalf("after %d: %v, %d dropped, last %d", n, list, r.dropped, *r.last())
		}
		for i, v := range list {
			if v != n+1-kept+i {
				t.Fatalf("after %d: %v", n, list)
			}
		}
	}
	r.dropOldest(3)
	r.add(100)
	if list := r.list(); len(list) != size-2 || list[size-3] != 100 || list[0] != 3*size+2-size+3 {
		t.Errorf("%v", list)
	}
}
