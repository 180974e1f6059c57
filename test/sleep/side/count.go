//go:build sleep && linux

package side

import (
	"fmt"
	"os"
	"time"
)

// CountCommand is the first argument of a program that is to Count.
const CountCommand = "count"

// Count prints numbered lines for ever, but none while the file quiet is there.
func Count(quiet string) {
	for n := 1; ; {
		time.Sleep(50 * time.Millisecond)
		if _, err := os.Stat(quiet); err != nil {
			fmt.Println("line", n)
			n++
		}
	}
}
