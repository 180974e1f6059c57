package journal

import (
	"path/filepath"
	"runtime"
	"slices"

	"github.com/standardbeagle/brum/errors"
)

// output is what the writer writes to.
type output struct {
	number uint64 // of the segment
	path   string
	header segmentHeader
	file   file
	first  int64  // where its first batch ends
	buf    []byte // for a segment's first batch
}

// run is the writer: the one goroutine that changes files. It ends after Close, when
// everything is written, or nothing can be.
func (j *Journal) run() {
	defer close(j.stopped)
	for range j.wake {
		// Whoever was woken by the last fsync and has more to say may join this one.
		runtime.Gosched()
		for j.commit() {
			runtime.Gosched()
		}
		if j.finished() {
			return
		}
	}
}

func (j *Journal) finished() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closing && (j.staged.empty() || j.err != nil)
}

// flight is a group on its way, with what was decided when it was taken.
type flight struct {
	*group
	begin      bool       // it begins a segment
	checkpoint []byte     // then
	dead       []*segment // needless once the group is durable
}

// commit makes what is staged durable. It reports whether there may be more.
func (j *Journal) commit() bool {
	f, ok := j.take()
	if !ok {
		return false
	}
	seg, shift, err := j.write(&f)
	j.settle(&f, seg, shift, err)
	if err != nil {
		return false
	}
	j.remove(f.dead)
	j.compact()
	return true
}

// take turns staged into a flight.
func (j *Journal) take() (flight, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil || j.staged.empty() && j.active != nil {
		return flight{}, false
	}
	f := flight{group: j.staged}
	j.staged, j.flying = j.flying, j.staged
	j.staged.number = f.number + 1
	j.room.wake()
	j.room = nil

	f.begin = j.active == nil || j.active.end+int64(len(f.buf)) > j.out.first+j.opts.SegmentBytes
	var kept []sealed
	for _, s := range j.sealed {
		if s.live == 0 && s.pins == 0 && j.active != nil {
			f.dead = append(f.dead, s)
		} else if f.begin {
			kept = append(kept, sealed{s.number, s.end})
		}
	}
	if f.begin {
		if j.active != nil {
			kept = append(kept, sealed{j.active.number, j.active.end})
		}
		f.checkpoint = appendCheckpoint(nil, j.state, kept)
	}
	return f, true
}

// write makes a flight durable. It returns the segment that holds it, and how far the
// group's buffer is from the segment's beginning.
func (j *Journal) write(f *flight) (*segment, int64, error) {
	if f.begin {
		seg, shift, err := j.beginSegment(f)
		if !j.putOff(err) {
			return seg, shift, err
		}
		f.begin = false
	}
	seg := j.active // only the writer sets it
	offset := seg.end
	f.buf = sealBatch(f.buf, &j.out.header, offset, f.number)
	if err := step("write", j.out.path, writeAll(j.out.file, f.buf, offset)); err != nil {
		return nil, 0, err
	}
	return seg, offset, step("sync", j.out.path, j.out.file.Sync())
}

// beginSegment writes a segment with its first batch, and lets it have its name when it is durable.
func (j *Journal) beginSegment(f *flight) (*segment, int64, error) {
	seg := &segment{number: j.out.number + 1}
	h := segmentHeader{salt: newSalt(), number: seg.number, generation: j.state.generation, first: f.number}
	b := h.append(j.out.buf[:0])
	b = append(b, make([]byte, batchHeader)...)
	b = (&record{kind: kindCheckpoint, data: f.checkpoint}).append(b)
	shift := int64(len(b) - batchHeader)
	b = append(b, f.buf[batchHeader:]...)
	b = slices.Grow(b, batchAlign) // for the padding, in place
	b = b[:headerSize+len(sealBatch(b[headerSize:], &h, headerSize, f.number))]
	j.out.buf = b
	seg.end = int64(len(b))

	path := seg.path(j.dir)
	out, err := j.publish(path, b)
	if err != nil {
		return nil, 0, err
	}
	if j.out.file != nil {
		_ = j.out.file.Close() // all in it was synced
	}
	j.out.number, j.out.path, j.out.header, j.out.file, j.out.first = seg.number, path, h, out, seg.end
	if cap(j.out.buf) > 2*maxStaged {
		j.out.buf = nil
	}
	return seg, shift, nil
}

// publish makes a file durable under its name and returns it open for appending.
func (j *Journal) publish(path string, b []byte) (file, error) {
	temp := path[:len(path)-len(segmentSuffix)] + tempSuffix
	f, err := j.fs.Create(temp)
	if err != nil {
		return nil, step("create", temp, err)
	}
	err = step("write", temp, writeAll(f, b, 0))
	if err == nil {
		err = step("sync", temp, f.Sync())
	}
	if e := f.Close(); err == nil {
		err = step("close", temp, e)
	}
	if err == nil {
		err = step("rename", temp, j.fs.Rename(temp, path))
	}
	if err == nil {
		err = step("sync", j.dir, insist(func() error { return j.fs.SyncDir(j.dir) }))
	}
	if err != nil {
		return nil, err
	}
	err = insist(func() (err error) {
		f, err = j.fs.Append(path)
		return err
	})
	return f, step("open", path, err)
}

// settle tells everybody what became of a flight.
func (j *Journal) settle(f *flight, seg *segment, shift int64, err error) {
	j.mu.Lock()
	waiting := f.waiters
	f.waiters = nil
	if err != nil {
		j.err = err
		waiting = concat(waiting, j.staged.waiters, j.room)
		j.staged.waiters, j.room = nil, nil
	} else {
		for _, p := range f.sends {
			if p.stream.holds(p.index) {
				p.stream.place(p.index, seg, shift+int64(p.at))
			}
		}
		if !f.begin {
			seg.end += int64(len(f.buf))
		} else if j.active != nil {
			j.sealed = append(j.sealed, j.active)
		}
		j.active = seg
		j.synced = f.number
	}
	f.reset()
	j.mu.Unlock()
	waiting.wake()
}

func concat(lists ...*waiter) (all *waiter) {
	for _, w := range lists {
		for w != nil {
			next := w.next
			w.next, all = all, w
			w = next
		}
	}
	return all
}

// remove deletes segments that no checkpoint or record needs. One that stays is removed by
// the next Open: it is in no checkpoint.
func (j *Journal) remove(dead []*segment) {
	if len(dead) == 0 {
		return
	}
	for _, s := range dead {
		if err := j.fs.Remove(s.path(j.dir)); err != nil {
			j.log.Warn("can't remove a segment", "segment", segmentName(s.number), "error", err)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	kept := j.sealed[:0]
	for _, s := range j.sealed {
		if !slices.Contains(dead, s) {
			kept = append(kept, s)
		}
	}
	clear(j.sealed[len(kept):])
	j.sealed = kept
}

func writeAll(f file, b []byte, offset int64) error {
	n, err := f.WriteAt(b, offset)
	if err == nil && n < len(b) {
		err = errors.New("short write")
	}
	return err
}

// step makes err a *FailedError.
func step(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &FailedError{Path: filepath.Clean(path), Op: op, Err: err}
}
