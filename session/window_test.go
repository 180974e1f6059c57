package session

import (
	"testing"
	"time"
)

// §6: a window grows while it is used up within a few round trips, and for no other reason.
func TestWindowFollowsThePath(t *testing.T) {
	const first = 256 << 10
	// flow lets an application consume for a while, so many bytes in a round, and tells how the
	// window has become.
	flow := func(rounds int, bytes func(round, window int) int, rtt, round time.Duration, limit int, budget *Budget) int {
		ss := &streams{}
		ss.init(dialing, first, bounds{limit, limit})
		st := &ss.main
		now := time.Unix(1e9, 0)
		for i := range rounds {
			now = now.Add(round)
			for n := bytes(i, st.window); n > 0; n -= 32 << 10 {
				st.consumed += uint64(min(n, 32<<10))
				if st.usedUp() {
					ss.adapt(st, now, rtt, budget)
					st.grant(limit, budget)
				}
			}
		}
		return st.window
	}
	const limit = 4 << 20
	full := func(_, window int) int { return window }
	rate := func(n int) func(int, int) int { return func(_, window int) int { return min(n, window) } }
	for name, run := range map[string]struct {
		got, least, most int
	}{
		"a window for each round trip": {flow(100, full, 50*time.Millisecond, 50*time.Millisecond, limit, NewBudget(1<<30)), limit, limit},
		"the path is slower":           {flow(1000, rate(32<<10), 50*time.Millisecond, 50*time.Millisecond, limit, NewBudget(1<<30)), first, first},
		"the path takes 600 KiB":       {flow(1000, rate(600<<10), 50*time.Millisecond, 50*time.Millisecond, limit, NewBudget(1<<30)), 1 << 20, 2 << 20},
		"a short path":                 {flow(1000, rate(64<<10), 50*time.Microsecond, 60*time.Microsecond, limit, NewBudget(1<<30)), first, 512 << 10},
		"now and then a full window": {flow(1000, func(i, window int) int {
			if i%100 == 0 {
				return window
			}
			return 0
		}, 50*time.Microsecond, 60*time.Microsecond, limit, NewBudget(1<<30)), first, first},
		"no budget": {flow(100, full, 50*time.Millisecond, 50*time.Millisecond, limit, NewBudget(0)), first, first},
		"a limit":   {flow(100, full, 50*time.Millisecond, 50*time.Millisecond, 300<<10, NewBudget(1<<30)), 300 << 10, 300 << 10},
	} {
		if run.got < run.least || run.got > run.most {
			t.Errorf("%s: %d KiB, want %d to %d", name, run.got>>10, run.least>>10, run.most>>10)
		}
	}
}

// §6: on a long path a window that comes as one flight and is consumed at once makes for a wider one.
func TestFlightsWidenWindows(t *testing.T) {
	const (
		first = 256 << 10
		limit = 4 << 20
		most  = 20 << 20
		rtt   = 100 * time.Millisecond
	)
	// fly lets flights of n bytes come, one each pause, and lets them be consumed in the time that each
	// takes.
	fly := func(flights int, bytes func(window int) int, takes, pause, rtt time.Duration, budget *Budget) int {
		ss := &streams{}
		ss.init(dialing, first, bounds{limit, most})
		st := &ss.main
		now := time.Unix(1e9, 0)
		for range flights {
			now = now.Add(pause)
			n := bytes(st.window)
			st.arrives(now, rtt)
			st.rcvdOffset += uint64(n)
			began := now
			for got := 0; got < n; {
				got = min(got+16<<10, n)
				st.consumed = st.rcvdOffset - uint64(n-got)
				now = began.Add(takes * time.Duration(got) / time.Duration(n))
				if st.usedUp() {
					ss.adapt(st, now, rtt, budget)
					st.grant(limit, budget)
				}
			}
		}
		return st.window
	}
	full := func(window int) int { return window }
	half := func(window int) int { return window / 2 }
	wide := NewBudget(1 << 30)
	for name, run := range map[string]struct{ got, want int }{
		"one quick":         {fly(1, full, time.Millisecond, rtt, rtt, wide), limit},
		"two quick":         {fly(2, full, 5*time.Millisecond, rtt, rtt, wide), most},
		"one not so quick":  {fly(1, full, 30*time.Millisecond, rtt, rtt, wide), first * 5},
		"slow":              {fly(1, full, 60*time.Millisecond, rtt, rtt, wide), first},
		"half a window":     {fly(50, half, time.Millisecond, 10*rtt, rtt, wide), first},
		"on a short path":   {fly(1, full, 10*time.Microsecond, rtt, time.Millisecond, wide), first},
		"not measured":      {fly(1, full, time.Millisecond, rtt, 0, wide), first},
		"a small budget":    {fly(3, full, time.Millisecond, rtt, rtt, NewBudget(64<<20)), limit + 4<<20},
		"no budget":         {fly(3, full, time.Millisecond, rtt, rtt, NewBudget(0)), first},
		"what 20 ms can be": {fly(9, full, time.Millisecond, rtt, 20*time.Millisecond, wide), 10_000_000},
	} {
		// The last piece of a flight is judged before it ends.
		if run.got < run.want || run.got > run.want+run.want/5 {
			t.Errorf("%s: %d KiB, want %d", name, run.got>>10, run.want>>10)
		}
	}
}
