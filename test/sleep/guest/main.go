//go:build sleep && linux

// Command guest is what of the tests runs in the virtual machine: it is the first program of
// all, which loads the kernel's modules and becomes systemd, and then, as a service, runs hub,
// instance and a session, puts the machine to sleep when the test says so, and tells what it
// was like.
package main

import (
	"fmt"
	"os"

	"github.com/standardbeagle/brum/test/sleep/side"
)

func main() {
	var err error
	switch {
	case os.Getpid() == 1:
		err = boot()
	case len(os.Args) == 3 && os.Args[1] == side.CountCommand:
		side.Count(os.Args[2])
	default:
		err = serve()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1)
	}
}
