package power

import (
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

const (
	// minSleep is by how much the sleep counter has to grow to count as a sleep. Readings are
	// torn by microseconds, and on Windows by a tick of 16 ms.
	minSleep = 100 * time.Millisecond
	// minStep is what a jump of the wall clock is, as against its being slewed between looks.
	minStep = time.Second
	// minPause is how far the wall clock has to jump ahead to be taken for the end of a pause.
	minPause = 5 * time.Second
	// repeats is for how long the same thing, told again, is the same thing.
	repeats = 2 * time.Second
	// darkWake is how long after a sleep the announcement of a full wake may take.
	darkWake = 3 * time.Second
)

// judge decides what hints mean. It is a value: it reads no clock and calls nobody, and all
// times in it are of the clock that stands still during sleep.
type judge struct {
	counts    bool // the sleep counter counts
	infers    bool // a wall clock that jumps ahead may be the end of a pause
	announced bool // full wakes are announced: a sleep that ends in silence was a dark wake

	newest  time.Duration // reading.Awake of the newest reading
	counter time.Duration // of sleep, as far as accounted for
	offset  time.Duration // of the wall clock

	sleep     uint64 // number of the sleep that is on, or was last
	suspend   mark   // announced, and not yet over
	asked     mark   // announced, and not canceled; a sleep does not clear it
	resume    mark   // the last Resume
	clock     mark   // the last ClockStep
	witnessed bool   // a native source has told of the last Resume
	blind     bool   // the counter had not moved at the last Resume
	surprise  bool   // nobody had announced the sleep before the last Resume

	untold time.Duration // slept, and no event has told of it
	told   time.Duration // slept, and only DarkWakes have told of it
	dark   mark          // when to call it a dark wake
	by     Source        // who noticed untold
}

// mark is a time, or none.
type mark struct {
	at  time.Duration
	set bool
}

func (m *mark) put(at time.Duration) { *m = mark{at, true} }
func (m *mark) clear()               { *m = mark{} }

// recent says whether the mark was set within the time for repeats.
func (m mark) recent(now time.Duration) bool { return m.set && now-m.at < repeats }

func newJudge(counts, infers bool, r system.Reading) judge {
	return judge{counts: counts, infers: infers, newest: r.Awake, counter: r.Slept(), offset: r.Wall - r.Total}
}

// hint returns the events that a hint amounts to. It is called with a reading taken after the
// hint came.
func (j *judge) hint(kind system.HintKind, from Source, r system.Reading) []Event {
	full := kind != system.Look && kind != system.ClockSet
	events := j.observe(from, r, full)
	woke := len(events) > 0 && events[len(events)-1].Kind == Resume
	switch kind {
	case system.AboutToSleep:
		events = append(events, j.announce(from, r)...)
	case system.Canceled:
		events = append(events, j.cancel(from, r)...)
	case system.Over:
		switch {
		case woke:
			j.witnessed = true
		case j.told > 0 || !j.counts:
			events = append(events, j.native(from, r)...)
		default:
			events = append(events, j.cancel(from, r)...)
		}
	case system.Woke:
		if woke {
			j.witnessed = true
		} else {
			events = append(events, j.native(from, r)...)
		}
	case system.ClockSet:
		if len(events) == 0 && j.untold == 0 && !j.resume.recent(r.Awake) && !j.clock.recent(r.Awake) {
			events = append(events, j.step(from, r))
		}
	}
	if kind == system.Over || kind == system.Woke { // the next announcement is of another sleep
		j.asked.clear()
		j.surprise = false
	}
	return events
}

// tick returns what the passing of time amounts to.
func (j *judge) tick(r system.Reading) []Event {
	if !j.dark.set || r.Awake < j.dark.at {
		return nil
	}
	if !j.announced {
		return []Event{j.wake(j.by, r)}
	}
	return []Event{j.darkened(r)}
}

// deadline is when tick has something to do.
func (j *judge) deadline() (at time.Duration, ok bool) { return j.dark.at, j.dark.set }

// observe compares the clocks with what they were. With full, whoever told of it knows that the
// machine is fully awake.
func (j *judge) observe(from Source, r system.Reading, full bool) (events []Event) {
	if r.Awake < j.newest {
		return nil // a newer reading has overtaken this one
	}
	j.newest = r.Awake
	grown := r.Slept() - j.counter
	step := r.Wall - r.Total - j.offset
	j.offset += step
	switch {
	case grown >= minSleep:
		if j.untold > 0 && j.announced { // and asleep again, without a full wake between
			events = append(events, j.darkened(r))
		}
		j.counter += grown
		if j.blind && j.resume.recent(r.Awake) {
			j.blind = false // the counter lagged behind who told of this sleep
			return events
		}
		if !j.suspend.set && j.untold == 0 {
			j.sleep++
		}
		j.untold += grown
		j.by = from
		j.dark.put(r.Awake + darkWake)
	case step >= minPause && j.infers:
		if !j.suspend.set {
			j.sleep++
		}
		j.untold += step
		e := j.wake(from, r)
		e.Inferred = true
		return append(events, e)
	case step >= minStep, step <= -minStep:
		events = append(events, j.step(from, r))
	}
	if j.untold > 0 && (full || !j.announced) {
		events = append(events, j.wake(j.by, r))
	}
	return events
}

// announce handles a sleep that is about to be.
func (j *judge) announce(from Source, r system.Reading) (events []Event) {
	if j.asked.recent(r.Awake) || j.surprise && j.resume.recent(r.Awake) {
		return nil // told twice, or told to a process that was asleep before it could hear
	}
	events = j.cancel(from, r) // the end of the last attempt was never told
	j.sleep++
	j.suspend.put(r.Awake)
	j.asked.put(r.Awake)
	return append(events, j.event(Suspend, from, r))
}

// cancel handles the end of an attempt in which nobody slept.
func (j *judge) cancel(from Source, r system.Reading) []Event {
	if !j.suspend.set {
		return nil
	}
	j.suspend.clear()
	j.asked.clear()
	return []Event{j.event(SuspendCanceled, from, r)}
}

// native handles a source that says the machine woke, where the counter has not grown since the
// last event: a Resume, unless that has been told.
func (j *judge) native(from Source, r system.Reading) []Event {
	if j.told == 0 && !j.suspend.set {
		if j.resume.set && !j.witnessed || j.resume.recent(r.Awake) {
			j.witnessed = true
			return nil
		}
		j.sleep++
	}
	blind := j.told == 0
	e := j.wake(from, r)
	j.witnessed, j.blind = true, blind
	return []Event{e}
}

// wake makes the Resume of all that was slept since the last.
func (j *judge) wake(from Source, r system.Reading) Event {
	e := j.event(Resume, from, r)
	e.Slept = j.untold + j.told
	j.untold, j.told = 0, 0
	j.dark.clear()
	j.surprise = !j.suspend.set
	j.suspend.clear()
	j.resume.put(r.Awake)
	j.witnessed, j.blind = false, false
	return e
}

// darkened makes the DarkWake of what was slept since the last event.
func (j *judge) darkened(r system.Reading) Event {
	e := j.event(DarkWake, j.by, r)
	e.Slept = j.untold
	j.told += j.untold
	j.untold = 0
	j.dark.clear()
	j.suspend.clear()
	return e
}

func (j *judge) step(from Source, r system.Reading) Event {
	j.clock.put(r.Awake)
	return j.event(ClockStep, from, r)
}

func (j *judge) event(kind Kind, from Source, r system.Reading) Event {
	return Event{Kind: kind, Time: r.Time(), Sleep: j.sleep, Source: from}
}
