package main

import (
	"os"
	"syscall"
)

// SIGTERM stands for the console's close, logoff and shutdown events.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

func heeded() []os.Signal { return stopSignals }
