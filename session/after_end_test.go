package session

import (
	"testing"
	"testing/synctest"
)

func TestAfterEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Config{})
		defer p.end()
		called := make(chan string, 10)
		wants := func(what string) func() { return func() { called <- what } }
		first := p.a.AfterEnd(wants("first"))
		second := p.a.AfterEnd(wants("second"))
		p.b.AfterEnd(wants("peer"))
		if !second() || second() {
			t.Error("stop says that it was too late, or stops twice")
		}
		synctest.Wait()
		if len(called) != 0 {
			t.Errorf("%q while the session lives", <-called)
		}
		p.a.CloseNow()
		synctest.Wait()
		late := p.a.AfterEnd(wants("late"))
		synctest.Wait()
		got := map[string]int{}
		for range len(called) {
			got[<-called]++
		}
		if got["first"] != 1 || got["peer"] != 1 || got["late"] != 1 || len(got) != 3 {
			t.Errorf("called: %v", got)
		}
		if first() || late() {
			t.Error("stop says that it was in time")
		}
	})
}
