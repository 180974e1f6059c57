package process

import (
	"fmt"
	"time"
)

// State of a run.
//
//	pending ──▶ running ──▶ success | failed
//	              │ ▲            (exit, no restart)
//	              │ └── restarting ◀── exit, to be restarted
//	              ▼        │
//	           stopping ──▶ stopped
type State uint8

const (
	Pending State = iota
	Running
	Stopping   // asked to stop, or ended by itself; what it started is not gone yet
	Restarting // waiting to be started again
	Stopped    // ended because it was asked to
	Failed     // ended with an error, by a signal, or never started
	Success    // ended with exit code 0
)

var stateNames = [...]string{"pending", "running", "stopping", "restarting", "stopped", "failed", "success"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Ended reports whether the run is over for good.
func (s State) Ended() bool { return s >= Stopped }

// Status is a snapshot of a run.
type Status struct {
	ID        string
	Name      string
	Args      []string
	State     State
	PID       int       // of the command, 0 while there is none
	StartedAt time.Time // of the run
	EndedAt   time.Time // of the run, zero before
	Restarts  int
	NextStart time.Time // while Restarting
	Exit      *Exit     // how the command ended last, nil before
}

// Exit says how a command ended.
type Exit struct {
	Code   int    // -1 if it did not end by itself
	Signal string // the signal that ended it, if one did
	Err    error  // why it could not be started, if it could not
}

// OK reports whether the command ended by itself and without error.
func (e *Exit) OK() bool { return e.Err == nil && e.Code == 0 }

func (e *Exit) String() string {
	switch {
	case e.Err != nil:
		return "did not start: " + e.Err.Error()
	case e.Signal != "":
		return "ended by signal: " + e.Signal
	}
	return fmt.Sprintf("exited with code %d", e.Code)
}

// RestartPolicy says after which exits a command is started again.
type RestartPolicy uint8

const (
	RestartNever RestartPolicy = iota
	RestartOnFailure
	RestartAlways
)

// ParseRestartPolicy reads never, on-failure or always.
func ParseRestartPolicy(s string) (RestartPolicy, error) {
	switch s {
	case "never":
		return RestartNever, nil
	case "on-failure":
		return RestartOnFailure, nil
	case "always":
		return RestartAlways, nil
	}
	return RestartNever, fmt.Errorf("unknown restart policy %q: want never, on-failure or always", s)
}

func (p RestartPolicy) after(e *Exit) bool {
	return p == RestartAlways || p == RestartOnFailure && !e.OK()
}
