package session

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// frameStep is one step of what a side's application does; each makes one frame.
type frameStep struct {
	typ    frameType
	stream uint64
	body   string
	total  int
}

func messages(bodies ...string) (list []frameStep) {
	for _, b := range bodies {
		list = append(list, frameStep{frameMessage, mainStream, b, 0})
	}
	return list
}

// explorer walks all worlds that can be reached within a scenario's bounds.
type explorer struct {
	scenario
	t           *testing.T
	id          ID
	acceptorCfg AcceptorConfig
	nonce       uint64
	buf         []byte
	at          *world // under examination

	arrived [2]map[uint64][]string // see arrivals

	seen        map[uint64]struct{}
	transitions int
	ended       int // settled worlds
}

// scenario is what is explored: who sends what, and how much may happen beside it.
type scenario struct {
	name    string
	script  [2][]frameStep
	lazy    bool // consuming is a step of its own
	batches bool // writing is a step of its own
	acks    bool // acknowledging is a step of its own, not done at once
	chatter bool // heartbeats and credit are told
	rivals  int  // attempts under way at once
	left    allowance
}

func (e *explorer) random() uint64 { return e.nonce }

func (e *explorer) fail(format string, args ...any) {
	e.t.Helper()
	e.t.Fatalf("%s: %s\nthis is how:%s", e.name, fmt.Sprintf(format, args...), e.at.by)
}

func (e *explorer) coreForm(c *core) (sum uint64) {
	sum, e.buf = coreForm(e.buf, c)
	return sum
}

func (e *explorer) dialer(life incarnation) endpoint {
	cfg, err := (&Config{Key: testKey, Budget: NewBudget(DefaultBudgetBytes)}).resolve()
	if err != nil {
		e.t.Fatal(err)
	}
	c := newCore(cfg, dialing, e.id, life, e.random)
	c.start(epoch)
	settleTimes(c)
	return endpoint{c: c}
}

func newExplorer(t *testing.T, s scenario) (*explorer, *world) {
	cfg, err := (&Config{Key: testKey, Budget: NewBudget(DefaultBudgetBytes)}).resolve()
	if err != nil {
		t.Fatal(err)
	}
	e := &explorer{scenario: s, t: t, id: ID{1, 2, 3}, seen: make(map[uint64]struct{})}
	e.arrived = [2]map[uint64][]string{{}, {}}
	e.acceptorCfg = AcceptorConfig{Config: cfg, MaxSessions: 1}
	return e, &world{ends: [2]endpoint{e.dialer(100), {}}, acceptor: 200, left: s.left}
}

// run explores depth first.
func (e *explorer) run(first *world) {
	stack := []*world{first}
	sum, buf := first.form(nil)
	e.seen[sum] = struct{}{}
	var list []action
	for len(stack) > 0 {
		w := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		list = e.choices(w, list[:0])
		e.at = w
		if len(list) == 0 {
			e.ended++
		}
		if len(list) == 0 || w.quiet() || len(e.seen)%64 == 0 {
			e.finish(w.clone())
		}
		for i, a := range list {
			n := w
			if i < len(list)-1 {
				n = w.clone()
			}
			n.by = &step{w.by, a}
			e.at = n
			e.do(n, a)
			e.transitions++
			sum, buf = n.form(buf)
			if _, known := e.seen[sum]; known {
				continue
			}
			e.seen[sum] = struct{}{}
			e.check(n)
			stack = append(stack, n)
		}
	}
}

func deep() bool { return os.Getenv("BRUM_EXPLORE") == "deep" }

// TestExplore explores every interleaving within bounds; BRUM_EXPLORE=deep has wider ones.
func TestExplore(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // there is little to keep and much to throw away
	list := scenarios(deep())
	if raceEnabled && !deep() {
		list = list[len(list)-1:] // nothing here runs concurrently
	}
	for _, s := range list {
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) {
			began := time.Now()
			e, w := newExplorer(t, s)
			e.run(w)
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			t.Logf("%s: %d states, %d transitions, %d settled, %v, heap %d MB", s.name, len(e.seen), e.transitions, e.ended,
				time.Since(began).Round(time.Millisecond), m.HeapSys>>20)
		})
	}
}
