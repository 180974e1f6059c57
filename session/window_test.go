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
