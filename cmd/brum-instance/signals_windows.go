package main

import (
	"os"
	"syscall"
)

// SIGTERM stands for the console's close, logoff and shutdown events.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// survived is empty: a write to a pipe that nobody reads fails here.
var survived []os.Signal
