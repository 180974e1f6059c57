package journal

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// Identity names the session a journal belongs to.
type Identity struct {
	Session [16]byte
	Owner   [16]byte
	// Local and Peer are the incarnations of the two sides, as last known.
	Local, Peer uint64
	// Secret is what the session's resumes prove, at most 64 bytes.
	Secret []byte
}

// Fence is the number of an attempt to attach within an incarnation of the dialing side.
type Fence struct{ Incarnation, Attempt uint64 }

func (f Fence) compare(o Fence) int {
	return cmp.Or(cmp.Compare(f.Incarnation, o.Incarnation), cmp.Compare(f.Attempt, o.Attempt))
}

// String returns "incarnation/attempt".
func (f Fence) String() string { return fmt.Sprintf("%d/%d", f.Incarnation, f.Attempt) }

// Cursor is a place in a stream: everything below Next, and the digest (Extend) of it.
type Cursor struct{ Next, Digest uint64 }

// String returns "next (digest)".
func (c Cursor) String() string { return fmt.Sprintf("%d (digest %016x)", c.Next, c.Digest) }

// Tombstone says how a session ended. The final cursors of its streams are in their states.
type Tombstone struct {
	Code uint64
	Text string // at most 256 bytes
	// Sent and Received are the session's final numbers in either direction.
	Sent, Received uint64
}

// state is everything but the payloads. Its methods neither do I/O nor know the time.
type state struct {
	generation uint64
	identity   Identity
	made       Fence
	accepted   Fence
	end        *Tombstone
	lastStream uint64 // numbers are not used again
	streams    map[uint64]*stream
	names      map[string]*stream
	appBytes   int    // of all streams
	records    uint64 // in all send logs, as the checkpoint says
}

func newState() *state {
	return &state{streams: map[uint64]*stream{}, names: map[string]*stream{}}
}

func (s *state) addStream(id uint64, name string) *stream {
	st := &stream{id: id, name: name}
	s.streams[id], s.names[name] = st, st
	s.lastStream = max(s.lastStream, id)
	return st
}

func (s *state) dropStream(st *stream) {
	s.setApp(st, nil)
	delete(s.streams, st.id)
	delete(s.names, st.name)
	st.dropped = true
}

func (s *state) setApp(st *stream, app []byte) {
	s.appBytes += len(app) - len(st.app)
	st.app = append([]byte(nil), app...) // nil when empty
}

// ordered returns the streams as they were made.
func (s *state) ordered() []*stream {
	return slices.SortedFunc(maps.Values(s.streams), func(a, b *stream) int { return cmp.Compare(a.id, b.id) })
}

// apply repeats a record that is not a send or a checkpoint.
func (s *state) apply(r *record) error {
	switch r.kind {
	case kindStream:
		if old := s.streams[r.stream]; old != nil && old.name == string(r.data) {
			return nil
		}
		if r.stream == 0 || r.stream <= s.lastStream || s.names[string(r.data)] != nil || len(r.data) == 0 {
			return fmt.Errorf("%w: stream %d %q exists", errMalformed, r.stream, r.data)
		}
		s.addStream(r.stream, string(r.data))
	case kindMade:
		s.made = r.fence
	case kindAccepted:
		s.accepted = r.fence
	case kindIdentity:
		p := newParser(r.data)
		s.identity = p.identity()
		return p.end()
	case kindEnd:
		p := newParser(r.data)
		s.end = p.tombstone()
		return p.end()
	default:
		st := s.streams[r.stream]
		if st == nil {
			return nil // its drop is older than this segment's checkpoint
		}
		return s.applyTo(st, r)
	}
	return nil
}

func (s *state) applyTo(st *stream, r *record) error {
	switch r.kind {
	case kindDrop:
		s.dropStream(st)
	case kindTrim:
		if r.index > st.next() {
			return fmt.Errorf("%w: stream %q trimmed to %d of %d", errMalformed, st.name, r.index, st.next())
		}
		st.trim(r.index, r.digest)
	case kindReceive:
		if r.index < st.receive.Next {
			return fmt.Errorf("%w: stream %q: cursor %d after %d", errMalformed, st.name, r.index, st.receive.Next)
		}
		st.receive = Cursor{r.index, r.digest}
		if !r.keep {
			s.setApp(st, r.data)
		}
	}
	return nil
}

func (id *Identity) append(b []byte) []byte {
	b = append(b, id.Session[:]...)
	b = append(b, id.Owner[:]...)
	b = binary.BigEndian.AppendUint64(b, id.Local)
	b = binary.BigEndian.AppendUint64(b, id.Peer)
	return appendBytes(b, id.Secret)
}

func (p *parser) identity() (id Identity) {
	copy(id.Session[:], p.fixed(16))
	copy(id.Owner[:], p.fixed(16))
	id.Local, id.Peer = p.u64(), p.u64()
	id.Secret = bytes.Clone(p.bytes(maxSecret))
	return id
}

func (t *Tombstone) append(b []byte) []byte {
	b = binary.AppendUvarint(b, t.Code)
	b = binary.AppendUvarint(b, t.Sent)
	b = binary.AppendUvarint(b, t.Received)
	return appendBytes(b, []byte(t.Text))
}

func (p *parser) tombstone() *Tombstone {
	return &Tombstone{Code: p.uvarint(), Sent: p.uvarint(), Received: p.uvarint(), Text: string(p.bytes(maxText))}
}

func sessionName(id [16]byte) string { return hex.EncodeToString(id[:]) }
