package health

import "time"

// Defaults of Config.
const (
	// DefaultInterval is above the heartbeat of sessions, which measures the round trip.
	DefaultInterval = 20 * time.Second
	DefaultMax      = time.Minute
	// minPatience is the least that an answer may take: an application may be busy for a while.
	minPatience = 5 * time.Second
)

const (
	// lateBy: a look that comes this late comes from a process that did not run, whose answers
	// wait to be read.
	lateBy = time.Second
	// maxExcuses is how often in a row that is believed.
	maxExcuses = 3
)

// Config of Checks. A zero field means its default.
type Config struct {
	// Interval is how long an instance may say nothing before it is asked: at least so long, and
	// no longer where all is well. Default 20 s.
	Interval time.Duration
	// Max is the longest that the interval grows to. Default 1 min, or Interval if that is longer.
	Max time.Duration
}

// Sight is what is to be seen of an instance at some moment.
type Sight struct {
	// Up: there is a link which nothing is wrong with. Else nothing can be concluded.
	Up bool
	// Link numbers the links.
	Link uint64
	// Heard is when the application last said something.
	Heard time.Time
	// Frames counts what has arrived of what it said, parts of messages too.
	Frames uint64
}

// Checks decides when an instance's application is asked whether it still works, and judges it.
//
// Whatever it says by itself is an answer, so only an idle one is asked, and there is one
// question at most under way: the session below loses none, and who hangs is not helped by more.
// An application that says nothing for at most three intervals, the link being up, is stalled.
type Checks struct {
	base, max time.Duration

	interval time.Duration // before the quality is taken into account
	quality  quality
	lull     time.Duration // the longest that an answer has lately kept us waiting in vain

	last     Sight
	lived    time.Time // the last sign of life, or since when one could be expected
	asked    time.Time // when the question that is under way was; zero: none is
	answered time.Time // when a question last was
	due      time.Time // when to look next, for a reason; zero while paused
	excuses  int
	failures int // in a row
}

// NewChecks returns checks of an application that has just given a sign of life.
func NewChecks(cfg Config, now time.Time) *Checks {
	if cfg.Interval <= 0 {
		cfg.Interval = DefaultInterval
	}
	if cfg.Max <= 0 {
		cfg.Max = DefaultMax
	}
	c := &Checks{base: cfg.Interval, max: max(cfg.Max, cfg.Interval), interval: cfg.Interval}
	c.begin(now)
	return c
}

// begin starts to wait for a sign of life, over a link that is new.
func (c *Checks) begin(now time.Time) {
	c.lived, c.excuses = now, 0
	c.due = now.Add(c.Interval())
	if !c.asked.IsZero() {
		c.due = now.Add(c.Patience())
	}
}

// Unasked notes that the question could not be put, or its answer can't come any more: nothing
// follows from that, and it will be put again.
func (c *Checks) Unasked(now time.Time) {
	if c.asked.IsZero() {
		return
	}
	c.asked = time.Time{}
	if c.last.Up {
		c.due = now.Add(c.Interval())
	}
}

// alive takes in a sign of life.
func (c *Checks) alive(at time.Time) {
	c.quality.came()
	c.interval = max(c.interval*9/10, c.base)
	c.lived, c.excuses, c.failures = at, 0, 0
	if c.last.Up {
		c.due = at.Add(c.Interval())
	}
}

// Interval is how long the instance may say nothing now before it is asked.
func (c *Checks) Interval() time.Duration { return min(c.quality.stretch(c.interval), c.max) }

// Patience is how long an answer may take.
func (c *Checks) Patience() time.Duration {
	return min(max(c.quality.trip.patience(), 2*c.lull, min(minPatience, c.base/3)), c.base)
}

// Next is when Look has to be called at the latest; zero while nothing can be concluded, which
// ends by a sight of a link.
func (c *Checks) Next() time.Time { return c.due }

// Stalled reports whether the application has stopped working, as far as one can see.
func (c *Checks) Stalled() bool { return c.failures > 0 }

// Failures is how often in a row it has been found to be stalled.
func (c *Checks) Failures() int { return c.failures }

// Silent is since when it has said nothing, the time without a link left out.
func (c *Checks) Silent() time.Time { return c.lived }

// LastAnswer is when a question was last answered; zero for never.
func (c *Checks) LastAnswer() time.Time { return c.answered }

// Quality is how well it has answered lately, 0 to 1.
func (c *Checks) Quality() float64 { return c.quality.value() }

// Answer is how long answers take; 0 until one was asked for.
func (c *Checks) Answer() time.Duration { return c.quality.trip.mean }

// Answered notes that the question asked has been answered, with whatever: that a method is not
// known is an answer, too.
func (c *Checks) Answered(now time.Time) {
	if c.asked.IsZero() {
		return
	}
	took := now.Sub(c.asked)
	switch {
	case c.excuses > 0 || c.lived.After(c.asked): // the time tells of outages and pauses
	case c.failures > 0:
		c.lull = min(took, c.base)
	default:
		c.lull /= 2
		c.quality.answered(took)
	}
	c.asked, c.answered, c.last.Heard = time.Time{}, now, now
	c.alive(now)
}

// Look judges at now by what is to be seen. ask is set when the application is to be asked.
func (c *Checks) Look(now time.Time, s Sight) (ask bool) {
	was := c.last
	c.last = s
	if was.Up && (!s.Up || s.Link != was.Link) {
		c.quality.lost()
	}
	switch {
	case !s.Up:
		c.due = time.Time{}
		return false
	case !was.Up || s.Link != was.Link: // what was under way has all its time before it
		c.begin(now)
		return false
	case s.Heard.After(was.Heard):
		c.alive(s.Heard)
	case s.Frames != was.Frames && !c.asked.IsZero() && c.failures == 0:
		// Something long arrives, and the answer is behind it. That is no excuse for ever.
		c.due = minTime(now.Add(c.Patience()), c.asked.Add(2*c.base))
	}
	if now.Before(c.due) {
		return false
	}
	if c.asked.IsZero() {
		c.asked, c.due = now, now.Add(c.Patience())
		return true
	}
	if now.Sub(c.due) > lateBy && c.excuses < maxExcuses {
		c.excuses++
		c.due = now.Add(c.Patience())
		return false
	}
	c.failed(now)
	return false
}

func (c *Checks) failed(now time.Time) {
	c.failures++
	c.quality.lost()
	c.interval = min(2*c.interval, c.max)
	c.due = now.Add(c.Interval())
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
