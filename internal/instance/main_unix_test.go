//go:build unix

package instance

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// processAlive reports whether a process runs; a zombie does not.
func processAlive(pid string) bool {
	n, err := strconv.Atoi(pid)
	if err != nil || syscall.Kill(n, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
