package listeners

import (
	"slices"
	"sync"
	"testing"
)

func TestSet(t *testing.T) {
	var s Set[int]
	if got := s.All(); len(got) != 0 {
		t.Fatalf("a new set holds %v", got)
	}
	s.Add(1)
	remove := s.Add(2)
	s.Add(2)
	before := s.All()
	remove()
	remove()
	if want := []int{1, 2, 2}; !slices.Equal(before, want) {
		t.Errorf("what was read before is now %v, want %v", before, want)
	}
	if got, want := s.All(), []int{1, 2}; !slices.Equal(got, want) {
		t.Errorf("one of two equal ones was removed, left is %v, want %v", got, want)
	}
}

func TestSetFromManySides(t *testing.T) {
	var s Set[int]
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				remove := s.Add(i)
				if !slices.Contains(s.All(), i) {
					t.Errorf("%d was added and is not there", i)
				}
				remove()
			}
		})
	}
	wg.Wait()
	if got := s.All(); len(got) != 0 {
		t.Errorf("left over: %v", got)
	}
}

func TestCountdown(t *testing.T) {
	for n := range 4 {
		calls := 0
		down := Countdown(n, func() { calls++ })
		for i := range n {
			if calls != 0 {
				t.Errorf("countdown of %d was over after %d calls", n, i)
			}
			down()
		}
		if calls != 1 {
			t.Errorf("countdown of %d called %d times, want once", n, calls)
		}
	}
}
