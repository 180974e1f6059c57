//go:build !sleep || !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "guest: this is for Linux, built with -tags=sleep (make sleep-test)")
	os.Exit(2)
}
