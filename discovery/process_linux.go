package discovery

import (
	"bytes"
	"os"
	"strconv"
	"sync"
)

func observe(pid int) observation {
	if pid <= 0 || !signalable(pid) {
		return observation{}
	}
	if !ownProc() {
		return observation{exists: true}
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil { // hidden from this user, or gone since
		return observation{exists: signalable(pid)}
	}
	return parseStat(stat)
}

// ownProc reports whether /proc is that of this process's PID namespace. One
// that was handed down from another speaks of other processes by these PIDs.
var ownProc = sync.OnceValue(func() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
})

// parseStat takes the state (field 3) and the start in ticks since boot (22) of
// proc_pid_stat(5). The name before them may hold spaces and parentheses.
func parseStat(stat []byte) observation {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return observation{exists: true}
	}
	switch fields[0][0] {
	case 'Z', 'X', 'x':
		return observation{}
	}
	return observation{exists: true, start: "ticks:" + string(fields[19])}
}
