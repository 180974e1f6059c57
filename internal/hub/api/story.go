package api

import (
	"fmt"
	"strings"
	"time"
)

// Tell completes the changes of one instance, oldest first, with what follows from the others:
// the duplicates of each reconnect, and the sentences. sessionID and duplicates are those of
// the session that goes on, "" if there is none. Times in sentences are in zone.
func Tell(changes []Change, sessionID string, duplicates uint64, zone *time.Location) {
	for i := range changes {
		c := &changes[i]
		if r := c.Reconnect; r != nil {
			told := *r // others may be reading the original
			told.Duplicates = duplicatesSince(changes[i:], sessionID, duplicates)
			c.Reconnect = &told
		}
		c.Why = c.sentence(zone)
	}
}

// duplicatesSince counts those from the first change, a reconnect, to the end of that connection.
func duplicatesSince(changes []Change, sessionID string, now uint64) uint64 {
	first := &changes[0]
	count := first.Duplicates
	ended := false
	for _, c := range changes[1:] {
		if c.SessionID != first.SessionID || c.Reconnect != nil {
			ended = true
			break
		}
		count = max(count, c.Duplicates)
	}
	if !ended && sessionID == first.SessionID {
		count = max(count, now)
	}
	return count - min(count, first.Reconnect.DuplicatesBefore)
}

// causes is what triggers mean for somebody who asks why.
var causes = map[string]string{
	"wake":           "the machine slept",
	"pause":          "the hub was stopped for a while",
	"network":        "the network changed",
	"timeout":        "the instance fell silent",
	"error":          "the connection failed",
	"peer":           "the instance let go of the connection",
	"manual":         "somebody asked to reconnect",
	TriggerUser:      "somebody asked for it",
	TriggerAnnounced: "the instance announced itself anew",
	TriggerStart:     "it began",
	TriggerShutdown:  "the hub shut down",
	TriggerCheck:     "its program was asked whether it still works",
}

func cause(trigger string) string {
	if c := causes[trigger]; c != "" {
		return c
	}
	if trigger == "" || trigger == "none" {
		return "something happened"
	}
	return "of " + trigger
}

const clock = "15:04:05.000"

func (c *Change) sentence(zone *time.Location) string {
	if c.Reconnect != nil {
		return c.reconnected(zone)
	}
	why := cause(c.Trigger)
	switch c.To {
	case Active:
		switch c.From {
		case Suspect:
			return "Is there after all: it has answered."
		case Stalled:
			return "Takes messages again."
		}
		return "Connected."
	case Suspect:
		return fmt.Sprintf("Being asked whether it is still there, because %s.", why)
	case Stalled:
		return "Answers, but takes no messages."
	case Stopped:
		return "Disconnected by the user."
	case Retrying:
		return withError("Lost, because "+why, c.Error) + "."
	case Connecting:
		return "Being connected."
	case Discovered:
		return "Found; it offers no session."
	}
	return ""
}

func (c *Change) reconnected(zone *time.Location) string {
	r := c.Reconnect
	var b strings.Builder
	b.WriteString(withError(fmt.Sprintf("Lost at %s, because %s", r.LostAt.In(zone).Format(clock), cause(r.Trigger)), r.Error))
	if r.SilenceMillis > 0 {
		fmt.Fprintf(&b, ", noticed after %s of silence", Duration(r.SilenceMillis))
	}
	fmt.Fprintf(&b, "; back at %s after %s", c.At.In(zone).Format(clock), Duration(c.OutageMillis))
	if r.Dials > 0 {
		fmt.Fprintf(&b, " and %s", count(uint64(r.Dials), "dial"))
	}
	if c.ResumeMillis > 0 {
		fmt.Fprintf(&b, ", the last of which took %s", Duration(c.ResumeMillis))
		if r.RoundTrips > 0 {
			fmt.Fprintf(&b, " (%s)", count(uint64(r.RoundTrips), "round trip"))
		}
	}
	if r.Session == SessionNew {
		b.WriteString("; the former session had ended, this is a new one.")
		return b.String()
	}
	fmt.Fprintf(&b, "; same session, %s sent again, %s dropped.", count(r.Replayed, "message"), count(r.Duplicates, "duplicate"))
	return b.String()
}

// withError adds what is known beside the cause.
func withError(s, err string) string {
	if err == "" {
		return s
	}
	return s + " (" + err + ")"
}

func count(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Duration prints milliseconds as people read durations.
func Duration(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}
