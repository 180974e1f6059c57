//go:build sleep && linux

package sleep

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

// printTable prints what the sleeps were like.
func printTable(l *lab) {
	if len(l.results) == 0 {
		return
	}
	fmt.Printf("guest up after %v\n", l.booted.Round(100*time.Millisecond))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tslept\twakeup to\tthaw to\tevent to\t\tway back to\t\t\t\tresumed by\t\t")
	fmt.Fprintln(w, "\t\tthaw\tfirst byte\tfirst byte\tactive\tmessage\tcall\tcall from outside\tsession\thub\thub outside\t")
	for _, r := range l.results {
		fmt.Fprintf(w, "%s\t%v\t%v\t%v\t%v\t%v\t%v\t%v\t%v\t%s\t%s\t%s\t\n", r.name, r.wake.Slept.Round(100*time.Millisecond),
			ms(r.thawed.Sub(r.woken)), ms(r.wake.FirstByte.Sub(r.wake.Thawed)), ms(r.eventToByte()), ms(r.wake.SessionActive.Sub(r.wake.Back)),
			ms(r.wake.Echoed.Sub(r.wake.Back)), ms(r.wake.Called.Sub(r.wake.Back)), ms(r.called.Sub(r.back)),
			trigger(r.before.Session.Resumes, r.wake.Session.Resumes, r.wake.Session.Trigger),
			trigger(r.before.Hub.Resumes, r.wake.Hub.Resumes, r.wake.Hub.Trigger()),
			trigger(r.outsideBefore.Resumes, r.outsideAfter.Resumes, r.outsideAfter.Trigger()))
	}
	w.Flush()
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// trigger says what a session was resumed by, if it was.
func trigger(before, after uint64, by string) string {
	if before == after {
		return "kept"
	}
	return by
}

// eventToByte is how long it took from the monitor's Resume to the session's first byte.
func (r *result) eventToByte() time.Duration {
	for _, e := range r.wake.Events {
		if e.Kind == "resume" {
			return r.wake.FirstByte.Sub(e.At)
		}
	}
	return 0
}
