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
	name      string
	quickDisk bool // what is staged is durable at once
	// late: what is in flight when a session is lost may still arrive, greetings and
	// replies may wait, and the messages of a lane are sent one by one. Else replies arrive at
	// once or never, and messages are sent and lost together.
	late bool
	// calm: all messages are sent together, nothing is ever waiting for the disk, one
	// side commits what it receives at once, and a session comes when the one before is lost.
	calm   bool
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
	one, both := [2]int8{1, 0}, [2]int8{1, 1}
	wide := int8(2)
	if deep {
		wide = 3
	}
	list := []scenario{
		{name: "one way, slow disks",
			left: allowance{sends: [2]int8{3, 0}, restarts: both, sessions: wide, losses: wide - 1}},
		{name: "one way, late arrivals, sender restarts", late: true, quickDisk: true,
			left: allowance{sends: [2]int8{3, 0}, restarts: one, sessions: 2, losses: 1}},
		{name: "one way, late arrivals, receiver restarts", late: true, quickDisk: true,
			left: allowance{sends: [2]int8{3, 0}, restarts: [2]int8{0, 1}, sessions: 2, losses: 1}},
		{name: "one way, three sessions at once", late: true, quickDisk: true,
			left: allowance{sends: [2]int8{2, 0}, sessions: 3, losses: wide - 2}},
		{name: "both ways", quickDisk: true, calm: !deep,
			left: allowance{sends: [2]int8{3, 3}, restarts: both, sessions: 3, losses: 2}},
	}
	for side, who := range []string{"sender", "receiver"} {
		var it [2]int8
		it[side] = 1
		for n := range 3 {
			if n == 1 && !deep {
				continue
			}
			list = append(list, scenario{must: []Reason{ReasonRolledBack}, name: fmt.Sprintf("%s rolled back, opened %d times", who, n), quickDisk: true, opened: n,
				left: allowance{sends: [2]int8{wide, 0}, restarts: it, sessions: wide, losses: wide - 1, snapshots: it, rollbacks: it}})
		}
		for n := range 2 {
			list = append(list, scenario{must: []Reason{ReasonRolledBack, ReasonCloned}, name: fmt.Sprintf("%s used twice, %d behind", who, n), quickDisk: true, behind: n,
				left: allowance{sends: [2]int8{wide, 0}, restarts: it, sessions: wide, losses: wide - 2, clones: it}})
		}
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
	for len(stack) > 0 {
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

// TestExplore explores every interleaving within bounds; BRUM_EXPLORE=deep has wider ones.
func TestExplore(t *testing.T) {
	gc := debug.SetGCPercent(800) // there is little to keep and much to throw away
	t.Cleanup(func() { debug.SetGCPercent(gc) })
	deep := os.Getenv("BRUM_EXPLORE") == "deep"
	list := scenarios(deep)
	if raceEnabled && !deep {
		list = list[len(list)-1:] // nothing here runs concurrently
	}
	for _, s := range list {
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
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
