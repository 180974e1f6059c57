package session

import "time"

// stream is one ordered lane of a session: what it may send and what it has received.
// Offsets count the encoded bytes of its message frames from the beginning, so they mean the
// same on both sides and survive any number of links.
type stream struct {
	id     uint64
	name   string
	handle *Stream // the driver's; nil until the application has it

	// Sending.
	out          direction
	sentOffset   uint64 // bytes given to the send log
	sendLimit    uint64 // the peer lets us go this far
	peerConsumed uint64 // the peer's application has consumed this far
	firstSeq     uint64 // of the fragmented message under way
	turn         bool   // a sender is in the middle of a message, or waits for room

	// Receiving.
	from         direction
	in           inbox
	rcvdOffset   uint64
	consumed     uint64
	toldConsumed uint64
	rcvLimit     uint64 // what the peer was told
	tellAt       uint64 // consumed so far, the peer has to be told
	window       int
	stretched    int       // reserved for what window was, or is, beyond the ordinary
	measured     uint64    // consumed at measuredAt
	measuredAt   time.Time // when the window was last measured
	arrivedAt    time.Time // when something last came
	flight       uint64    // consumed at flightAt
	flightAt     time.Time // when a flight began; zero when it was judged
	creditDue    bool      // the peer needs to hear of the new limit
	listed       bool      // in streams.consumed
	touched      bool      // in streams.touched
	pending      int       // bytes still to come of the fragmented message that is arriving
	arriving     bool

	ended bool // both directions have
}

// direction is how far one direction of a stream has come.
type direction uint8

const (
	flowing  direction = iota
	finished           // FIN: nothing more comes
	broken             // RESET: nothing more comes, and what was on its way does not matter
)

// credit returns how many bytes may still be sent.
func (st *stream) credit() uint64 { return st.sendLimit - st.sentOffset }

// receive checks a run of message frames that has just arrived on the stream and files it.
// On a stream that was reset they are dropped.
func (st *stream) receive(run []byte, whole *block, off int) (kept bool, err error) {
	if st.from == broken {
		return false, nil
	}
	if st.rcvdOffset+uint64(len(run)) > st.rcvLimit {
		return false, violation("6", "stream %d went beyond its credit", st.id)
	}
	st.rcvdOffset += uint64(len(run))
	return st.in.put(run, whole, off), nil
}

// admit checks one frame against the message that is arriving.
func (st *stream) admit(f *sequencedFrame, maxMessage int) error {
	if st.from == broken {
		return nil
	}
	switch f.typ {
	case frameMessage:
		if st.arriving {
			return violation("3.2", "message inside a fragmented message")
		}
		if len(f.body) > maxFragment {
			return violation("3.2", "message frame of %d bytes", len(f.body))
		}
	case frameFirst:
		total, n := uvarint(f.body)
		switch {
		case st.arriving:
			return violation("3.2", "message inside a fragmented message")
		case n == 0:
			return errTruncated
		case total > uint64(maxMessage):
			return violation("3.2", "message of %d bytes, limit %d", total, maxMessage)
		case len(f.body)-n > maxFragment || len(f.body) == n || total <= uint64(len(f.body)-n):
			return violation("3.2", "first fragment of %d bytes of %d", len(f.body)-n, total)
		}
		st.pending, st.arriving = int(total)-(len(f.body)-n), true
	case frameFragment:
		if !st.arriving || len(f.body) == 0 || len(f.body) > min(st.pending, maxFragment) {
			return violation("3.2", "unexpected fragment of %d bytes", len(f.body))
		}
		st.pending -= len(f.body)
		st.arriving = st.pending > 0
	case frameAbandon:
		if !st.arriving || len(f.body) != 0 {
			return violation("3.2", "nothing to abandon")
		}
		st.pending, st.arriving = 0, false
	default:
		return violation("3.3", "unknown frame type %#x", uint8(f.typ))
	}
	return nil
}

// consume takes the next message from the inbox; see inbox.next.
func (st *stream) consume(dst []byte, budget *Budget) taken {
	t := st.in.next(dst)
	st.consumed += uint64(t.freed)
	st.settle(budget)
	return t
}

// settle gives back what was reserved for a message that is no longer being put together.
func (st *stream) settle(budget *Budget) {
	if !st.in.joining && st.in.reserved > 0 {
		budget.releaseMessage(st.in.reserved)
		st.in.reserved = 0
	}
}

// discard drops what has arrived and was not consumed.
func (st *stream) discard(budget *Budget) {
	st.in.release()
	st.settle(budget)
}
