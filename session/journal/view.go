package journal

import "bytes"

// State is what a journal holds but for the payloads.
type State struct {
	// Generation counts the Opens. A peer that sees a generation again, or a lower one, deals
	// with a copy of the journal or an old one.
	Generation uint64
	Identity   Identity
	// Made and Accepted are the highest fences of either direction.
	Made, Accepted Fence
	// End is nil while the session lives.
	End     *Tombstone
	Streams []StreamState // in the order in which they were made
	// Recovery is what Open found.
	Recovery Recovery
	// Bytes and Records count what is kept towards the limits.
	Bytes   int64
	Records int
}

// StreamState is the state of one stream.
type StreamState struct {
	Name string
	// Committed is what the peer has committed; the send log begins there.
	Committed Cursor
	// Sent is the end of the send log, as far as it is durable.
	Sent Cursor
	// Receive is what the application has committed.
	Receive Cursor
	// App is the application's state that was committed with Receive.
	App []byte
}

// State returns a copy. Marks whose call has not returned yet may be in it already.
func (j *Journal) State() State {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.state
	v := State{Generation: s.generation, Identity: s.identity, Made: s.made, Accepted: s.accepted,
		Recovery: j.recovery, Bytes: j.bytes, Records: j.records}
	v.Identity.Secret = bytes.Clone(s.identity.Secret)
	if s.end != nil {
		end := *s.end
		v.End = &end
	}
	for _, st := range s.ordered() {
		v.Streams = append(v.Streams, st.view())
	}
	return v
}

// Stream returns the state of one stream; false if there is no such stream.
func (j *Journal) Stream(name string) (StreamState, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	st := j.state.names[name]
	if st == nil {
		return StreamState{}, false
	}
	return st.view(), true
}

func (s *stream) view() StreamState {
	return StreamState{
		Name:      s.name,
		Committed: Cursor{s.base, s.baseDigest},
		Sent:      Cursor{s.durable, s.digestAt(s.durable)},
		Receive:   s.receive,
		App:       bytes.Clone(s.app),
	}
}

// DigestAt returns the digest of a stream's send log below next, to compare with a peer's.
// It is false below what the peer has committed and beyond what is durable.
func (j *Journal) DigestAt(stream string, next uint64) (uint64, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	st := j.state.names[stream]
	if st == nil || next < st.base || next > st.durable {
		return 0, false
	}
	return st.digestAt(next), true
}
