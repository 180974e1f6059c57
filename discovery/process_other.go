//go:build unix && !linux && !darwin

package discovery

import (
	"slices"
	"strconv"

	"github.com/shirou/gopsutil/v4/process"
)

func observe(pid int) observation {
	if pid <= 0 || !signalable(pid) {
		return observation{}
	}
	seen := observation{exists: true}
	p := &process.Process{Pid: int32(pid)}
	if states, err := p.Status(); err == nil && slices.Contains(states, process.Zombie) {
		return observation{}
	}
	if ms, err := p.CreateTime(); err == nil {
		seen.start = "ms:" + strconv.FormatInt(ms, 10)
	}
	return seen
}
