package limits

import (
	"os"
	"strconv"
	"strings"
)

// Watches is how many inotify instances and watches this user may have; 0 where that is not
// known.
func Watches() (instances, watches int) {
	return number("/proc/sys/fs/inotify/max_user_instances"), number("/proc/sys/fs/inotify/max_user_watches")
}

func number(path string) int {
	text, _ := os.ReadFile(path)
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return max(n, 0)
}
