package history

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// record is one line of the file: a change of an instance, or an event.
type record struct {
	ID     string      `json:"id,omitempty"`
	Name   string      `json:"name,omitempty"`
	Change *api.Change `json:"change,omitempty"`
	Event  *api.Event  `json:"event,omitempty"`
}

// maxText bounds each text of a record.
const maxText = 1 << 10

func (r *record) encode() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic("BUG: a record can't be encoded: " + err.Error()) // it holds texts, numbers and times
	}
	return append(data, '\n')
}

// decode reads a line; false means that it is none of ours.
func decode(line []byte) (*record, bool) {
	r := new(record)
	if !utf8.Valid(line) || json.Unmarshal(line, r) != nil {
		return nil, false
	}
	switch {
	case r.Event != nil:
		e := r.Event
		return r, r.Change == nil && plausible(e.At) && known[e.Kind] && short(e.Detail)
	case r.Change != nil:
		c := r.Change
		c.Why = ""
		ok := r.ID != "" && plausible(c.At) && states[c.To] && short(r.ID, r.Name, string(c.From), c.Trigger, c.SessionID, c.Error)
		if s := c.Reconnect; s != nil {
			ok = ok && plausible(s.LostAt) && short(s.Trigger, s.Error, string(s.Session))
		}
		return r, ok
	}
	return nil, false
}

// plausible: a time that JSON can hold and that arithmetic does not mind.
func plausible(t time.Time) bool { return t.Year() > 2000 && t.Year() < 3000 }

func short(texts ...string) bool {
	for _, t := range texts {
		if len(t) > maxText {
			return false
		}
	}
	return true
}

var known = map[api.EventKind]bool{
	api.EventSleep: true, api.EventWake: true, api.EventOffline: true, api.EventOnline: true,
	api.EventNetwork: true, api.EventHub: true, api.EventHubEnd: true,
}

var states = map[api.State]bool{
	api.Discovered: true, api.Connecting: true, api.Active: true, api.Suspect: true,
	api.Retrying: true, api.Stalled: true, api.Stopped: true,
}
