package powertest

import (
	"time"

	"github.com/standardbeagle/brum/power/internal/system"
)

// clock follows Go's, virtual or real, and what a script adds to it.
type clock struct {
	began   time.Time
	slept   time.Duration
	passed  time.Duration // while awake
	stepped time.Duration // by who sets the wall clock
}

func (c clock) read() system.Reading {
	awake := time.Since(c.began) + c.passed
	return system.Reading{
		Awake: awake,
		Total: awake + c.slept,
		Wall:  time.Duration(c.began.UnixNano()) + awake + c.slept + c.stepped,
	}
}
