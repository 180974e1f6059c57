//go:build sleep && linux

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
