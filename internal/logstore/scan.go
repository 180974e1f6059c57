package logstore

// A scan copies lines out in batches, so that the lock is held for microseconds
// however much there is to read.
const (
	batchLines = 256
	batchBytes = 256 << 10
)

// selection is what a scan runs over: one run, the runs of a name, or all.
// Lines of one run are counted by Seq, those of several by their global number.
type selection struct {
	run  *Run
	name string
}

func (sel selection) number(l *Line) uint64 {
	if sel.run != nil {
		return l.Seq
	}
	return l.global
}

func (sel selection) endLocked(s *Store) uint64 {
	if sel.run != nil {
		return sel.run.count
	}
	return s.global
}

func (sel selection) runsLocked(s *Store) []*Run {
	if sel.run != nil {
		return []*Run{sel.run}
	}
	if sel.name == "" {
		return s.runs
	}
	var named []*Run
	for _, r := range s.runs {
		if r.name == sel.name {
			named = append(named, r)
		}
	}
	return named
}

// lane is one run's place in a merge.
type lane struct {
	run    *Run
	seq    uint64
	global uint64 // of the line seq
}

func laneLocked(r *Run, seq uint64) lane { return lane{r, seq, r.globalLocked(seq)} }

// forwardLocked returns lines after pos in order. exhausted says that there is
// nothing retained behind them.
func (s *Store) forwardLocked(sel selection, pos uint64) (lines []Line, exhausted bool) {
	var lanes []lane
	for _, r := range sel.runsLocked(s) {
		seq := max(pos+1, r.oldestLocked())
		if sel.run == nil {
			seq = r.afterGlobalLocked(pos)
		}
		if seq <= r.count {
			lanes = append(lanes, laneLocked(r, seq))
		}
	}
	for bytes := 0; len(lines) < batchLines && bytes < batchBytes; {
		i := pick(lanes, func(a, b uint64) bool { return a < b })
		if i < 0 {
			return lines, true
		}
		l := &lanes[i]
		lines = append(lines, l.run.lineLocked(l.seq))
		bytes += len(lines[len(lines)-1].Text)
		if l.seq == l.run.count {
			lanes = append(lanes[:i], lanes[i+1:]...)
		} else {
			*l = laneLocked(l.run, l.seq+1)
		}
	}
	return lines, len(lanes) == 0
}

// backwardLocked returns lines below the number below, newest first.
func (s *Store) backwardLocked(sel selection, below uint64) (lines []Line, exhausted bool) {
	var lanes []lane
	for _, r := range sel.runsLocked(s) {
		seq := min(below-1, r.count)
		if sel.run == nil {
			seq = r.afterGlobalLocked(below-1) - 1
		}
		if seq >= r.oldestLocked() {
			lanes = append(lanes, laneLocked(r, seq))
		}
	}
	for bytes := 0; len(lines) < batchLines && bytes < batchBytes; {
		i := pick(lanes, func(a, b uint64) bool { return a > b })
		if i < 0 {
			return lines, true
		}
		l := &lanes[i]
		lines = append(lines, l.run.lineLocked(l.seq))
		bytes += len(lines[len(lines)-1].Text)
		if l.seq == l.run.oldestLocked() {
			lanes = append(lanes[:i], lanes[i+1:]...)
		} else {
			*l = laneLocked(l.run, l.seq-1)
		}
	}
	return lines, len(lanes) == 0
}

// pick returns the lane whose line comes first in the order given, -1 if there is none.
func pick(lanes []lane, first func(a, b uint64) bool) int {
	best := -1
	for i, l := range lanes {
		if best < 0 || first(l.global, lanes[best].global) {
			best = i
		}
	}
	return best
}
