package discovery

import (
	"os"
	"sync"
)

// Host says where a process runs, as precisely as its PID needs it.
type Host struct {
	ID   string `json:"id"`   // the machine's, the same across boots
	Name string `json:"name"` // for people
	// Namespace is that of process ids, where the system has such: PIDs of
	// two namespaces have nothing to do with each other.
	Namespace string `json:"namespace,omitzero"`
}

// here describes this process. None of it changes while the process lives.
type here struct {
	host    Host
	process Process
}

var whereAmI = sync.OnceValue(func() here {
	name, _ := os.Hostname() // for people only
	executable, err := os.Executable()
	if err != nil {
		executable = os.Args[0]
	}
	id := machineID()
	if id == "" {
		id = name
	}
	pid := os.Getpid()
	return here{
		host: Host{ID: id, Name: name, Namespace: namespace()},
		process: Process{PID: pid, Executable: executable,
			Start: observe(pid).start, BootID: bootID()},
	}
})

// shares reports whether a PID of other means the same here. A file without a
// host is an old brummer's, which knows one machine only.
func (h Host) shares(other Host) bool {
	return other.ID == "" || other.ID == h.ID && other.Namespace == h.Namespace
}
