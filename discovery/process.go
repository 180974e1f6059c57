package discovery

// Process identifies a process beyond the life of its PID.
type Process struct {
	PID        int
	Executable string // its path
	// Start is when the process was started, in a form that only its system
	// understands and that never changes, whatever happens to the clock. Empty
	// if unknown.
	Start string
	// BootID is the boot that Start counts from; empty where Start is absolute.
	BootID string
}

// is reports whether other is this process. What one of the two lacks is not
// compared.
func (p Process) is(other Process) bool {
	return p.PID == other.PID && !differ(p.Start, other.Start) && !differ(p.BootID, other.BootID)
}

// differ reports whether a and b are both known and not the same.
func differ(a, b string) bool { return a != "" && b != "" && a != b }

// Liveness is what is known about the process of an instance.
type Liveness uint8

const (
	Unjudged Liveness = iota // it runs on another machine or in another PID namespace
	Alive
	Gone   // no such process, or one that has ended and whose parent has not noticed
	Reused // another process has its PID by now, or the machine has been started anew
)

func (l Liveness) String() string {
	switch l {
	case Alive:
		return "alive"
	case Gone:
		return "gone"
	case Reused:
		return "gone, its process id is reused"
	default:
		return "not judged"
	}
}

// Dead reports whether the process has certainly ended.
func (l Liveness) Dead() bool { return l == Gone || l == Reused }

// Liveness looks at the instance's process now. A stopped process is alive, and
// so is one that this user may not signal. Of an old brummer, whose file has no
// start time, only the PID is known: once reused, it counts as alive.
func (i Instance) Liveness() Liveness {
	me := whereAmI()
	if !me.host.shares(i.Host) {
		return Unjudged
	}
	if i.Process.PID <= 0 {
		return Gone
	}
	return judge(i.Process, me.process.BootID, observe(i.Process.PID))
}

// observation is what the system says about a PID.
type observation struct {
	exists bool // a zombie does not
	start  string
}

// judge compares what was recorded with what is seen. What one of the two
// doesn't know is not held against the process.
func judge(recorded Process, bootID string, seen observation) Liveness {
	switch {
	case recorded.PID <= 0:
		return Gone
	case differ(recorded.BootID, bootID):
		return Reused
	case !seen.exists:
		return Gone
	case differ(recorded.Start, seen.start):
		return Reused
	default:
		return Alive
	}
}
