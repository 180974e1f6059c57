package doctor

import (
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/power"
)

// Entry is something that a watch has to tell; one of the pointers is set.
type Entry struct {
	At      time.Time    `json:"at"` // by the wall clock
	Event   *Event       `json:"event,omitempty"`
	Session *SessionNews `json:"session,omitempty"`
	Hub     *HubNews     `json:"hub,omitempty"`
	Verdict *Verdict     `json:"verdict,omitempty"`
}

// Event is one of the machine.
type Event struct {
	Kind        string     `json:"kind"` // such as "resume", see power.Kind
	Source      string     `json:"source"`
	SleptMillis float64    `json:"slept_ms,omitempty"` // with resume and dark-wake, if the system tells
	Inferred    bool       `json:"inferred,omitempty"` // there was a jump of the wall clock, and no better witness
	Network     *NetChange `json:"network,omitempty"`
}

// NetChange is what changed in the networks.
type NetChange struct {
	Online  bool     `json:"online"`
	Added   []string `json:"added"` // addresses
	Removed []string `json:"removed"`
	Route4  string   `json:"route4"` // the default routes now
	Route6  string   `json:"route6"`
	// RouteChanged: a default route is another.
	RouteChanged bool `json:"route_changed"`
}

// SessionNews is a change of an instance's state.
type SessionNews struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	api.Change
}

// HubNews says that the hub came or went.
type HubNews struct {
	Running bool   `json:"running"`
	PID     int    `json:"pid,omitempty"`
	Error   string `json:"error,omitempty"` // why it can't be reached
}

func eventEntry(e power.Event) Entry {
	out := &Event{Kind: e.Kind.String(), Source: string(e.Source), SleptMillis: api.Millis(e.Slept), Inferred: e.Inferred}
	if e.Net != nil {
		out.Network = &NetChange{
			Online: e.Net.New.Online(), Added: []string{}, Removed: []string{},
			Route4: route(e.Net.New.Default4), Route6: route(e.Net.New.Default6), RouteChanged: e.Net.DefaultRouteChanged,
		}
		for _, p := range e.Net.Added {
			out.Network.Added = append(out.Network.Added, p.String())
		}
		for _, p := range e.Net.Removed {
			out.Network.Removed = append(out.Network.Removed, p.String())
		}
	}
	return Entry{At: e.Time, Event: out}
}
