package logstore

import (
	"fmt"
	"time"
)

// Line is one line of output. Text is what the process wrote, without the line
// end; it may hold colour sequences and bytes that are not UTF-8.
type Line struct {
	Seq       uint64 // within its run, from 1
	Process   string // the name the run was opened with
	ProcessID string
	Time      time.Time
	Stream    Stream
	Level     Level
	Continued bool // too long for one line: goes on in the next of the same stream
	Text      string

	global uint64 // within the store, from 1
}

// Stream says where a line came from.
type Stream uint8

const (
	Stdout Stream = iota
	Stderr
	System // written by brum itself: exits and restarts
)

func (s Stream) String() string {
	switch s {
	case Stdout:
		return "stdout"
	case Stderr:
		return "stderr"
	case System:
		return "system"
	}
	return fmt.Sprintf("Stream(%d)", uint8(s))
}

// Level is a line's severity; more severe is greater.
type Level uint8

const (
	Debug Level = iota
	Info
	Warn
	Error
)

func (l Level) String() string {
	switch l {
	case Debug:
		return "debug"
	case Info:
		return "info"
	case Warn:
		return "warn"
	case Error:
		return "error"
	}
	return fmt.Sprintf("Level(%d)", uint8(l))
}

// ParseLevel reads a level's name; "" and "all" are the lowest.
func ParseLevel(s string) (Level, error) {
	switch s {
	case "", "all", "debug":
		return Debug, nil
	case "info":
		return Info, nil
	case "warn", "warning":
		return Warn, nil
	case "error":
		return Error, nil
	}
	return Debug, fmt.Errorf("unknown level %q: want error, warn, info, debug or all", s)
}
