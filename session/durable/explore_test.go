package durable

import (
	"fmt"
	"hash/maphash"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// explorer walks all worlds that can be reached within a scenario's bounds.
type explorer struct {
	scenario
	t  *testing.T
	at *world // under examination

	seen                         map[uint64]struct{}
	transitions, finished, named int
	reasons                      map[Reason]int
}

// scenario is what is explored: what may happen how often.
type scenario struct {
	name string
	// coarse: what is staged is durable at once, a lane's messages are sent at once, greetings
	// don't wait, and what is lost with a session never comes. All that is explored one way.
	coarse bool
	opened int // how often a snapshot was opened before it is used again
	behind int // how many generations before the original's a copy was made
	left   allowance
	must   []Reason // what has to be found out, somewhere
}

func (e *explorer) fail(format string, args ...any) {
	e.t.Helper()
	e.t.Fatalf("%s: %s\nthis is how:%s", e.name, fmt.Sprintf(format, args...), e.at.by)
}

func scenarios(deep bool) []scenario {
	list := []scenario{
		{name: "one way, every step",
			left: allowance{sends: [2]int8{3, 0}, restarts: [2]int8{1, 1}, sessions: 3, losses: 2}},
		{name: "both ways", coarse: true,
			left: allowance{sends: [2]int8{3, 3}, restarts: [2]int8{1, 1}, sessions: 3, losses: 2}},
	}
	for opened := range 3 {
		list = append(list,
			scenario{name: fmt.Sprintf("sender rolled back, opened %d times", opened), opened: opened,
				left: allowance{sends: [2]int8{3, 0}, restarts: [2]int8{1, 0}, sessions: 3, losses: 2, snapshots: [2]int8{1, 0}, rollbacks: [2]int8{1, 0}}},
			scenario{name: fmt.Sprintf("receiver rolled back, opened %d times", opened), opened: opened,
				left: allowance{sends: [2]int8{3, 0}, restarts: [2]int8{0, 1}, sessions: 3, losses: 2, snapshots: [2]int8{0, 1}, rollbacks: [2]int8{0, 1}}})
	}
	for behind := range 2 {
		list = append(list,
			scenario{name: fmt.Sprintf("sender used twice, %d behind", behind), behind: behind,
				left: allowance{sends: [2]int8{3, 0}, sessions: 3, losses: 1, clones: [2]int8{1, 0}}},
			scenario{name: fmt.Sprintf("receiver used twice, %d behind", behind), behind: behind,
				left: allowance{sends: [2]int8{3, 0}, sessions: 3, losses: 1, clones: [2]int8{0, 1}}})
	}
	return list
}

func (e *explorer) run() {
	w := &world{left: e.left}
	relation := [16]byte{9}
	w.processes = []process{w.boot(0, disk{party: party{relation: relation}}), w.boot(1, disk{})}
	stack := []*world{w}
	seed := maphash.MakeSeed()
	var (
		list []action
		form []byte
	)
	began := time.Now()
	for len(stack) > 0 && time.Since(began) < 20*time.Second {
		w := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		list = e.choices(w, list[:0])
		e.at = w
		if len(list) == 0 || len(e.seen)%64 == 0 {
			e.finish(w.clone())
		}
		for _, a := range list {
			n := w.clone()
			n.by = &step{w.by, a}
			e.at = n
			e.do(n, a)
			n.settle()
			e.transitions++
			form = n.form(form[:0])
			sum := maphash.Bytes(seed, form)
			if _, known := e.seen[sum]; known {
				continue
			}
			e.seen[sum] = struct{}{}
			e.check(n)
			stack = append(stack, n)
		}
	}
}

// TestExplore explores every interleaving within bounds.
func TestExplore(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // there is little to keep and much to throw away
	for _, s := range scenarios(os.Getenv("BRUM_EXPLORE") == "deep") {
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) {
			began := time.Now()
			e := &explorer{scenario: s, t: t, seen: make(map[uint64]struct{}), reasons: make(map[Reason]int)}
			e.run()
			for _, r := range s.must {
				if e.reasons[r] == 0 {
					t.Errorf("%v was never found out", r)
				}
			}
			t.Logf("%s: %d states, %d transitions, %d delivered all, %d refused %v, %v", s.name, len(e.seen), e.transitions,
				e.finished, e.named, e.reasons, time.Since(began).Round(time.Millisecond))
		})
	}
}
