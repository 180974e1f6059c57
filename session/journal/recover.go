package journal

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Recovery says what Open found.
type Recovery struct {
	// Records is how many records of send logs are kept.
	Records int
	// Torn is how many bytes at the end were cut: a write that no fsync had confirmed.
	Torn int64
}

// recovery rebuilds the state: the newest segment's checkpoint and what follows it, and the
// places of the payloads in it and in the segments that the checkpoint names.
type recovery struct {
	dir      string
	fs       fileSystem
	state    *state
	segments []*segment
	newest   uint64 // number of the newest segment, 0 if there is none
	next     uint64 // the number of the next batch
	torn     int64
	stale    []string // files that are needed no more
	missing  string   // the first segment that should exist and does not

	// tail is the last batch. It may have been written and not synced, so nothing relies on
	// where it is: its sends are written again.
	tail      []byte
	tailSends []record
}

func recoverDir(dir string, fs fileSystem) (*recovery, error) {
	r := &recovery{dir: dir, fs: fs, state: newState(), next: 1}
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: list %s: %w", dir, err)
	}
	var numbers []uint64
	for _, name := range names {
		if n, ok := segmentNumber(name); ok {
			numbers = append(numbers, n)
		} else if strings.HasSuffix(name, tempSuffix) {
			r.stale = append(r.stale, name)
		}
	}
	if len(numbers) == 0 {
		return r, nil
	}
	slices.Sort(numbers)
	r.newest = numbers[len(numbers)-1]
	return r, r.segmentsOf(numbers)
}

func (r *recovery) segmentsOf(numbers []uint64) error {
	seg := &segment{number: r.newest}
	path := seg.path(r.dir)
	d, done, err := r.open(path, r.newest, -1)
	if err != nil {
		return err
	}
	defer done()
	first, err := d.read()
	if err != nil {
		return r.damage(path, d.offset, "the first batch can't be read", err)
	}
	older, err := r.checkpoint(first.body)
	if err != nil {
		return r.damage(path, first.offset, "checkpoint", err)
	}
	if r.state.generation != d.header.generation {
		return r.damage(path, 0, "the generations of header and checkpoint differ", nil)
	}
	for _, n := range numbers[:len(numbers)-1] {
		if !slices.ContainsFunc(older, func(o sealed) bool { return o.number == n }) {
			r.stale = append(r.stale, segmentName(n)) // its removal was under way
		}
	}
	for _, o := range older {
		if err := r.older(o, numbers); err != nil {
			return err
		}
	}
	if err := r.newestSegment(seg, d, first); err != nil {
		return err
	}
	return r.complete()
}

// open opens a segment up to end, or all of it if end is negative.
func (r *recovery) open(path string, number uint64, end int64) (d *decoder, done func(), err error) {
	f, err := r.fs.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	size, err := f.Size()
	if err != nil {
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	if end > size {
		return nil, nil, r.damage(path, size, fmt.Sprintf("it ends before %d", end), nil)
	}
	if end >= 0 {
		size = end
	}
	d, version, err := newDecoder(f, size)
	if err != nil && version != formatVersion && version != 0 {
		return nil, nil, &VersionError{Path: path, Version: version}
	}
	if err == nil && d.header.number != number {
		err = fmt.Errorf("%w: it is segment %d", errMalformed, d.header.number)
	}
	if err != nil {
		return nil, nil, r.damage(path, 0, "header", err)
	}
	return d, func() { _ = f.Close() }, nil
}

func (r *recovery) damage(path string, offset int64, problem string, err error) error {
	if isReadError(err) {
		return fmt.Errorf("journal: read %s at %d: %w", path, offset, err)
	}
	return &CorruptError{Path: path, Offset: offset, Problem: problem, Err: err}
}

func (r *recovery) checkpoint(body []byte) (older []sealed, err error) {
	p := newParser(body)
	rec := p.record()
	if p.err != nil || rec.kind != kindCheckpoint {
		return nil, fmt.Errorf("%w: no checkpoint", errMalformed)
	}
	r.state, older, err = parseCheckpoint(rec.data)
	return older, err
}

func (r *recovery) older(o sealed, numbers []uint64) error {
	seg := &segment{number: o.number, end: o.end}
	path := seg.path(r.dir)
	if !slices.Contains(numbers, o.number) {
		if r.missing == "" { // all right if nothing in it was needed
			r.missing = path
		}
		return nil
	}
	d, done, err := r.open(path, o.number, o.end)
	if err != nil {
		return err
	}
	defer done()
	for {
		b, err := d.read()
		if err == io.EOF {
			r.segments = append(r.segments, seg)
			return nil
		}
		if err == nil {
			err = r.places(seg, &b)
		}
		if err != nil {
			return r.damage(path, d.offset, "batch", err)
		}
	}
}

// places takes the sends of a batch whose other records a later checkpoint covers.
func (r *recovery) places(seg *segment, b *batch) error {
	return records(b.body, func(rec *record) error {
		if rec.kind != kindSend {
			return nil
		}
		return r.send(seg, b, rec)
	})
}

func (r *recovery) newestSegment(seg *segment, d *decoder, b batch) error {
	path := seg.path(r.dir)
	apply := r.places // the first batch's other records are in its checkpoint
	for {
		if err := apply(seg, &b); err != nil {
			return r.damage(path, b.offset, "batch", err)
		}
		r.next, seg.end = b.number+1, b.offset
		r.keepTail(b.body)
		apply = r.repeat
		var err error
		if b, err = d.read(); err == nil {
			continue
		}
		if err != io.EOF {
			if err := r.cut(path, d, err); err != nil {
				return err
			}
		}
		r.segments = append(r.segments, seg)
		return nil
	}
}

func (r *recovery) repeat(seg *segment, b *batch) error {
	return records(b.body, func(rec *record) error {
		switch rec.kind {
		case kindSend:
			return r.send(seg, b, rec)
		case kindCheckpoint:
			return fmt.Errorf("%w: second checkpoint", errMalformed)
		default:
			return r.state.apply(rec)
		}
	})
}

// cut decides whether what can't be read is a torn tail.
func (r *recovery) cut(path string, d *decoder, cause error) error {
	if isReadError(cause) {
		return r.damage(path, d.offset, "", cause)
	}
	followed, err := d.followed()
	if err != nil {
		return r.damage(path, d.offset, "", err)
	}
	if followed {
		return r.damage(path, d.offset, "a batch can't be read and later ones can", cause)
	}
	r.torn = d.size - d.offset
	return nil
}

// send places a record of a send log, or adds it.
func (r *recovery) send(seg *segment, b *batch, rec *record) error {
	st := r.state.streams[rec.stream]
	if st == nil || rec.index < st.base {
		return nil // needed no more
	}
	switch next := st.next(); {
	case rec.index > next || next-st.base >= maxRecords:
		return fmt.Errorf("%w: stream %q: record %d after %d", errMalformed, st.name, rec.index, next)
	case rec.index == next:
		if Extend(st.digest, rec.data) != rec.digest {
			return fmt.Errorf("%w: stream %q: digest of record %d", errMalformed, st.name, rec.index)
		}
		st.push(len(rec.data), rec.digest)
	default:
		if err := st.fill(rec); err != nil {
			return err
		}
	}
	st.place(rec.index, seg, b.bodyAt(rec.at))
	return nil
}

// fill takes a record that the checkpoint has counted, or a copy of one.
func (s *stream) fill(rec *record) error {
	e := s.at(rec.index)
	known := rec.index == s.base || s.at(rec.index-1).segment != nil
	if e.segment != nil && (e.digest != rec.digest || int(e.size) != len(rec.data)) ||
		known && Extend(s.digestAt(rec.index), rec.data) != rec.digest {
		return fmt.Errorf("%w: stream %q: digest of record %d", errMalformed, s.name, rec.index)
	}
	if e.segment == nil {
		e.size, e.digest = uint32(len(rec.data)), rec.digest
		s.bytes += int64(e.size)
	}
	return nil
}

// keepTail remembers the sends of the batch read last.
func (r *recovery) keepTail(body []byte) {
	r.tail = append(r.tail[:0], body...)
	r.tailSends = r.tailSends[:0]
	_ = records(r.tail, func(rec *record) error { // it was parsed before
		if rec.kind == kindSend {
			r.tailSends = append(r.tailSends, *rec)
		}
		return nil
	})
}

// complete checks that every record that the state counts has been found.
func (r *recovery) complete() error {
	path := filepath.Join(r.dir, segmentName(r.newest))
	if r.missing != "" {
		path = r.missing
	}
	for _, st := range r.state.ordered() {
		digest := st.baseDigest
		for i := st.base; i < st.next(); i++ {
			if st.at(i).segment == nil {
				return r.damage(path, 0, fmt.Sprintf("stream %q: record %d is missing", st.name, i), nil)
			}
			digest = st.at(i).digest
		}
		if digest != st.digest {
			return r.damage(path, 0, fmt.Sprintf("stream %q: digest of its end", st.name), nil)
		}
	}
	return nil
}
