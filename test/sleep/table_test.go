//go:build sleep && linux

package sleep

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
	"time"
)

// columns of the table. Times are since the sleeping side had a way to the other again, unless
// they say otherwise.
var columns = []struct {
	name string
	of   func(r *result) any
}{
	{"sleep", func(r *result) any { return r.name }},
	{"slept", func(r *result) any { return r.wake.Slept.Round(100 * time.Millisecond) }},
	{"rtt", func(r *result) any { return ms(max(r.before.Session.RTT, r.before.Hub.RTT(), r.outsideBefore.RTT())) }},
	{"wakeup to thaw", func(r *result) any { return ms(r.thawed.Sub(r.woken)) }},
	{"thaw to 1st byte", func(r *result) any { return since(r.wake.Thawed, r.wake.FirstByte) }},
	{"event to 1st byte", func(r *result) any {
		d, err := r.eventToByte()
		if err != nil {
			return none
		}
		return ms(d)
	}},
	{"active", func(r *result) any { return since(r.wake.Back, r.wake.SessionActive) }},
	{"message", func(r *result) any { return since(r.wake.Back, r.wake.Echoed) }},
	{"call", func(r *result) any { return since(r.wake.Back, r.wake.Called) }},
	{"call from outside", func(r *result) any { return since(r.back, r.called) }},
	{"session", func(r *result) any {
		return trigger(r.before.Session.Resumes, r.wake.Session.Resumes, r.wake.Session.Trigger)
	}},
	{"hub", func(r *result) any { return trigger(r.before.Hub.Resumes, r.wake.Hub.Resumes, r.wake.Hub.Trigger()) }},
	{"hub outside", func(r *result) any {
		return trigger(r.outsideBefore.Resumes, r.outsideAfter.Resumes, r.outsideAfter.Trigger())
	}},
}

// printTable prints what the sleeps were like.
func printTable(l *lab) {
	if len(l.results) == 0 {
		return
	}
	fmt.Printf("guest up after %v\n", l.booted.Round(100*time.Millisecond))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', tabwriter.AlignRight|tabwriter.Debug)
	for _, c := range columns {
		fmt.Fprint(w, " ", c.name, " \t")
	}
	for _, r := range l.results {
		fmt.Fprintln(w)
		for _, c := range columns {
			fmt.Fprint(w, " ", c.of(r), " \t")
		}
	}
	fmt.Fprintln(w)
	w.Flush()
}

// none stands for what did not happen.
const none = "-"

func since(from, to time.Time) any {
	if to.IsZero() {
		return none
	}
	return ms(to.Sub(from))
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// trigger says what a session was resumed by, if it was.
func trigger(before, after uint64, by string) string {
	if before == after {
		return "kept"
	}
	return "by " + by
}

// eventToByte is how long it took from the monitor's Resume to the session's first byte. It is
// below zero where the session noticed first that it had not run.
func (r *result) eventToByte() (time.Duration, error) {
	for _, e := range r.wake.Events {
		switch {
		case e.Kind != "resume":
		case r.wake.FirstByte.IsZero():
			return 0, errors.New("the session sent nothing")
		default:
			return r.wake.FirstByte.Sub(e.At), nil
		}
	}
	return 0, errors.New("no resume")
}

// latency is how long it usually took from event to first byte, and at most.
func (l *lab) latency(t *testing.T) (median, most time.Duration) {
	t.Helper()
	var all []time.Duration
	for _, r := range l.results {
		d, err := r.eventToByte()
		if err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		all = append(all, d)
	}
	slices.Sort(all)
	median, most = all[len(all)/2], all[len(all)-1]
	t.Logf("from the event to the first byte of a probe, %d wakes: p50 %v, max %v", len(all), ms(median), ms(most))
	return median, most
}
