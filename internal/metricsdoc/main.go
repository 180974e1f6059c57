// Command metricsdoc writes docs/metrics.md from what the programs say of their metrics.
package main

import (
	"fmt"
	"os"
)

//go:generate go run . ../../docs/metrics.md

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: metricsdoc FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], page(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
