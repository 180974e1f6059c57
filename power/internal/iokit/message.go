package iokit

import (
	"strconv"

	"github.com/standardbeagle/brum/power/internal/system"
)

// message is what IOKit says about the power of the system, with the numbers of IOMessage.h.
type message uint32

const (
	canSystemSleep message = 0xe0000270 // it has been idle; may it sleep?
	willSleep      message = 0xe0000280
	willNotSleep   message = 0xe0000290 // somebody objected to canSystemSleep
	hasPoweredOn   message = 0xe0000300 // all devices are up
	willPowerOn    message = 0xe0000320 // disks and networks are not there yet
)

var messageNames = map[message]string{
	canSystemSleep: "CanSystemSleep", willSleep: "SystemWillSleep", willNotSleep: "SystemWillNotSleep",
	hasPoweredOn: "SystemHasPoweredOn", willPowerOn: "SystemWillPowerOn",
}

func (m message) String() string {
	if name, ok := messageNames[m]; ok {
		return name
	}
	return "message " + strconv.FormatUint(uint64(m), 16)
}

// wantsAnswer says whether the system waits to be allowed to go on. To answer anything else
// confuses it.
func (m message) wantsAnswer() bool { return m == canSystemSleep || m == willSleep }

// hint says what a message means; zero is nothing. slept: there is proof, other than the
// clocks, that the machine slept since the last time it was awake.
//
// A machine that wakes only for chores says nothing at all. The end of a sleep that was called
// off looks like that of a sleep.
func (m message) hint(slept bool) system.HintKind {
	switch m {
	case willSleep:
		return system.AboutToSleep
	case willNotSleep:
		return system.Canceled
	case hasPoweredOn:
		if slept {
			return system.Woke
		}
		return system.Over
	}
	return 0
}

// Meaning says what a message with this number hints at; zero is nothing. slept: there is proof
// of a sleep.
func Meaning(number uint32, slept bool) system.HintKind { return message(number).hint(slept) }
