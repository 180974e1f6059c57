package callid

import (
	"fmt"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// Keys of a call's _meta.
const (
	// KeyID holds the ID.
	KeyID = "brum/callId"
	// KeyDeadline holds the time (RFC 3339) after which the call must not begin.
	KeyDeadline = "brum/deadline"
	// KeyJoin, if true, asks for the outcome of a call that was made before: it waits for
	// that, and makes sure that the call never runs if it has not arrived yet.
	KeyJoin = "brum/join"
	// KeyAge holds how many milliseconds before a join the call was made.
	KeyAge = "brum/ageMs"
)

// Meta is what a call carries besides its arguments.
type Meta struct {
	ID       ID
	Deadline time.Time // zero: none
	Join     bool
	Age      time.Duration // of a call that is joined; negative: not known
}

// Put adds m to the _meta of a call.
func (m Meta) Put(meta map[string]any) {
	meta[KeyID] = string(m.ID)
	if !m.Deadline.IsZero() {
		meta[KeyDeadline] = m.Deadline.UTC().Format(time.RFC3339Nano)
	}
	if m.Join {
		meta[KeyJoin] = true
		if m.Age >= 0 {
			meta[KeyAge] = m.Age.Milliseconds()
		}
	}
}

// FromMeta reads what Put has written, after a journey as JSON. It is false if there is no
// id; what is there must be well-formed.
func FromMeta(meta map[string]any) (Meta, bool, error) {
	given, ok := meta[KeyID]
	if !ok {
		return Meta{}, false, nil
	}
	text, _ := given.(string)
	id, err := Parse(text)
	if err != nil {
		return Meta{}, false, err
	}
	m := Meta{ID: id, Age: -1}
	if given, ok := meta[KeyDeadline]; ok {
		text, _ := given.(string)
		if m.Deadline, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return Meta{}, false, fmt.Errorf("%s %.50q is no time: %w", KeyDeadline, text, errors.Invalid)
		}
	}
	m.Join, _ = meta[KeyJoin].(bool)
	if ms, ok := meta[KeyAge].(float64); ok && ms >= 0 && ms < maxAgeMillis {
		m.Age = time.Duration(ms) * time.Millisecond
	}
	return m, true, nil
}

const maxAgeMillis = 1 << 40 // some 35 years
