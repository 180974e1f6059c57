package health

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/standardbeagle/brum/session"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// bench is Checks and an application that they are of.
type bench struct {
	*Checks
	now   time.Time
	sight Sight
	asked int
}

func newBench(cfg Config) *bench {
	b := &bench{Checks: NewChecks(cfg, noon), now: noon, sight: Sight{Up: true, Link: 1, Heard: noon}}
	b.look()
	return b
}

func (b *bench) look() (ask bool) {
	ask = b.Look(b.now, b.sight)
	if ask {
		b.asked++
	}
	return ask
}

// next lets time pass until a look is due, and looks.
func (b *bench) next() (ask bool) {
	b.now = b.Next()
	return b.look()
}

func (b *bench) answered(took time.Duration) {
	b.now = b.now.Add(took)
	b.Answered(b.now)
}

func TestJ1_Interval(t *testing.T) {
	if session.DefaultHeartbeat != 15*time.Second || session.DefaultWindow != 35*time.Second || DefaultInterval <= session.DefaultHeartbeat {
		t.Error("the defaults are others")
	}
	b := newBench(Config{})
	if b.interval != DefaultInterval || !b.next() {
		t.Fatalf("interval %v, asked %d", b.interval, b.asked)
	}
	for _, want := range []time.Duration{40, 60, 60} { // twice as long up to the longest
		if b.next(); b.interval != want*time.Second || !b.Stalled() {
			t.Errorf("after failure %d: interval %v, want %d s", b.Failures(), b.interval, want)
		}
	}
	want := DefaultMax
	for range 30 { // nine tenths down to the least
		want = max(want*9/10, DefaultInterval)
		b.answered(time.Millisecond)
		if b.interval != want || b.Stalled() {
			t.Fatalf("interval %v after an answer, want %v", b.interval, want)
		}
		b.next()
	}
	if b.interval != DefaultInterval || b.Quality() < 0.95 || b.Interval() > DefaultInterval*11/10 {
		t.Errorf("after many answers: interval %v, %v with a quality of %v", b.interval, b.Interval(), b.Quality())
	}
}

// J4: however an application falls silent, that is found within three intervals, with one question.
func TestJ4_SilenceIsFound(t *testing.T) {
	for name, arrange := range map[string]func(*bench){
		"idle": func(*bench) {},
		"in the middle of much traffic": func(b *bench) {
			for range 100 {
				b.now = b.now.Add(200 * time.Millisecond)
				b.sight.Heard, b.sight.Frames = b.now, b.sight.Frames+1
				b.look()
			}
		},
		"just after a look": func(b *bench) {
			b.next()
			b.answered(time.Millisecond)
			b.now = b.now.Add(time.Millisecond)
			b.sight.Heard = b.now
		},
		"with slow answers": func(b *bench) {
			for n := range 20 {
				b.next()
				b.answered(time.Duration(n%3) * 2 * time.Second)
			}
		},
	} {
		b := newBench(Config{})
		arrange(b)
		began, asked, interval := b.now, b.asked, b.Interval()
		for !b.Stalled() {
			b.sight.Frames++ // a session may hear much that is not of this application
			b.next()
		}
		if took := b.now.Sub(began); took > 3*interval {
			t.Errorf("%s: found after %v, the interval is %v", name, took, interval)
		}
		for range 100 {
			b.next()
		}
		if b.asked != asked+1 {
			t.Errorf("%s: asked %d times", name, b.asked-asked)
		}
	}
}

func TestJ4_AnySignOfLifeEndsIt(t *testing.T) {
	stalled := func() *bench {
		b := newBench(Config{})
		for !b.Stalled() {
			b.next()
		}
		return b
	}
	b := stalled()
	b.answered(time.Hour) // however late
	if b.Stalled() || b.Answer() != 0 && b.Patience() > DefaultInterval {
		t.Errorf("answered, and stalled %t, patience %v", b.Stalled(), b.Patience())
	}
	b = stalled()
	b.now = b.now.Add(time.Second)
	b.sight.Heard = b.now
	if b.look(); b.Stalled() {
		t.Error("it has said something and is stalled")
	}
}

// What talks is not asked.
func TestTrafficIsAnAnswer(t *testing.T) {
	b := newBench(Config{})
	for range 1000 {
		b.now = b.now.Add(DefaultInterval - time.Second)
		b.sight.Heard = b.now
		b.look()
	}
	if b.asked != 0 || b.Stalled() {
		t.Errorf("asked %d times", b.asked)
	}
}

// Without a link nothing is asked and nothing concluded; afterwards there is time again.
func TestNoLinkNoJudgement(t *testing.T) {
	b := newBench(Config{})
	b.next() // a question is under way
	b.sight.Up = false
	b.now = b.now.Add(time.Second)
	if b.look(); !b.Next().IsZero() {
		t.Fatalf("due at %v", b.Next())
	}
	b.now = b.now.Add(time.Hour)
	b.look()
	b.sight.Up, b.sight.Link = true, 2
	if b.look(); b.Stalled() || b.Next() != b.now.Add(b.Patience()) {
		t.Errorf("stalled %t, due in %v", b.Stalled(), b.Next().Sub(b.now))
	}
	b.answered(time.Millisecond)
	if b.Answer() != 0 {
		t.Errorf("an answer over an outage has taken %v", b.Answer())
	}
	if q := b.Quality(); q >= 1 || q < 0.8 {
		t.Errorf("quality %v after an outage", q)
	}
}

// Where a question can't be put nothing follows from that there is no answer.
func TestUnasked(t *testing.T) {
	b := newBench(Config{})
	for n := range 10 {
		if !b.next() {
			t.Fatalf("not asked again after %d times", n)
		}
		b.Unasked(b.now)
	}
	if b.Stalled() || b.Quality() != 1 {
		t.Errorf("stalled %t, quality %v", b.Stalled(), b.Quality())
	}
	b.next()
	b.next()
	if b.Unasked(b.now); !b.Stalled() {
		t.Error("that one question of a hung program came to nothing is no sign of life")
	}
}

// A link that was replaced between two looks is a new one, too.
func TestReplacedLink(t *testing.T) {
	b := newBench(Config{})
	b.next()
	b.now = b.Next()
	b.sight.Link++
	if b.look(); b.Stalled() || b.Next() != b.now.Add(b.Patience()) || b.Quality() == 1 {
		t.Errorf("stalled %t, due in %v, quality %v", b.Stalled(), b.Next().Sub(b.now), b.Quality())
	}
}

func TestJ1_NothingIsDividedByZero(t *testing.T) {
	worst := quality{loss: 1, trip: roundTrip{deviation: 1 << 62}}
	if v, d := worst.value(), worst.stretch(time.Second); v != 0 || d != 4*time.Second {
		t.Errorf("quality %v, a second becomes %v", v, d)
	}
	if v, d := new(quality).value(), new(quality).stretch(time.Second); v != 1 || d != time.Second {
		t.Errorf("quality %v, a second becomes %v", v, d)
	}
}

// S8: a hub that did not run judges nobody before it has looked again, and not for ever.
func TestPauseIsNoSilence(t *testing.T) {
	b := newBench(Config{})
	b.next()
	for n := range maxExcuses {
		b.now = b.Next().Add(time.Minute)
		if b.look(); b.Stalled() {
			t.Fatalf("judged at late look %d", n+1)
		}
	}
	b.now = b.Next().Add(time.Minute)
	if b.look(); !b.Stalled() {
		t.Error("a machine that is always late never judges")
	}
}

// What is long in coming delays an answer, but not for ever.
func TestLongArrival(t *testing.T) {
	b := newBench(Config{})
	b.next()
	began := b.now
	for !b.Stalled() {
		b.now = b.now.Add(time.Second)
		b.sight.Frames++
		b.look()
	}
	if took := b.now.Sub(began); took < 2*DefaultInterval || took > 2*DefaultInterval+time.Second {
		t.Errorf("stalled after %v", took)
	}
}

// J1: whatever happens, the interval keeps to its bounds, the quality is between 0 and 1 and
// nothing is divided by it where it is 0; and there is a next look or no link.
func TestJ1_Bounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := rapid.Int64Range(1, int64(time.Hour))
		cfg := Config{Interval: time.Duration(span.Draw(t, "interval")), Max: time.Duration(span.Draw(t, "max"))}
		b := newBench(cfg)
		longest := max(cfg.Interval, cfg.Max)
		t.Repeat(map[string]func(*rapid.T){
			"look": func(t *rapid.T) {
				b.now = b.now.Add(time.Duration(span.Draw(t, "later")))
				if b.look() && !b.sight.Up {
					t.Fatal("asked without a link")
				}
			},
			"due": func(*rapid.T) {
				if !b.Next().IsZero() {
					b.next()
				}
			},
			"answer": func(t *rapid.T) { b.answered(time.Duration(span.Draw(t, "took"))) },
			"unask":  func(*rapid.T) { b.Unasked(b.now) },
			"hear":   func(*rapid.T) { b.sight.Heard = b.now },
			"frame":  func(*rapid.T) { b.sight.Frames++ },
			"link": func(t *rapid.T) {
				b.sight.Up = rapid.Bool().Draw(t, "up")
				b.sight.Link += rapid.Uint64Range(0, 1).Draw(t, "anew")
				b.look()
			},
			"": func(t *rapid.T) {
				if q := b.Quality(); !(q >= 0 && q <= 1) {
					t.Fatalf("quality %v", q)
				}
				if i := b.Interval(); i < cfg.Interval || i > longest {
					t.Fatalf("interval %v of %v to %v", i, cfg.Interval, longest)
				}
				if p := b.Patience(); p <= 0 && cfg.Interval >= 3 || p > cfg.Interval {
					t.Fatalf("patience %v, interval %v", p, cfg.Interval)
				}
				if b.Next().IsZero() == b.last.Up {
					t.Fatalf("link %t, next look at %v", b.last.Up, b.Next())
				}
			},
		})
	})
}
