package discovery

import (
	"strconv"

	"golang.org/x/sys/unix"
)

const zombie = 5 // SZOMB of sys/proc.h

func observe(pid int) observation {
	if pid <= 0 || !signalable(pid) {
		return observation{}
	}
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || int(info.Proc.P_pid) != pid {
		return observation{exists: signalable(pid)}
	}
	if info.Proc.P_stat == zombie {
		return observation{}
	}
	start := info.Proc.P_starttime
	return observation{exists: true, start: "us:" + strconv.FormatInt(start.Sec*1e6+int64(start.Usec), 10)}
}
