package process

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// zombies tells whether what is left of a group is dead already. In a container
// without an init nobody reaps orphans, and a group of zombies would look alive
// for ever.
type zombies struct{ looked time.Time }

// lookEvery bounds what looking costs: it reads a file of every process there is.
const lookEvery = 50 * time.Millisecond

func (z *zombies) only(group int) bool {
	if time.Since(z.looked) < lookEvery {
		return false
	}
	z.looked = time.Now()
	proc, err := os.Open("/proc")
	if err != nil {
		return false
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return false
	}
	found := false
	for _, name := range names {
		if name[0] < '1' || name[0] > '9' {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // gone meanwhile
		}
		id, state := groupAndState(stat)
		if id != group {
			continue
		}
		if state != 'Z' && state != 'X' {
			return false
		}
		found = true
	}
	return found
}

// groupAndState reads "pid (name) state parent group …"; the name may hold anything.
func groupAndState(stat []byte) (group int, state byte) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 3 {
		return 0, 0
	}
	group, _ = strconv.Atoi(string(fields[2]))
	return group, fields[0][0]
}
