package session

import "time"

// stream is one ordered lane of a session: what it may send and what it has received.
// Offsets count the encoded bytes of its frames from the beginning, so they mean the
// same on both sides and survive any number of links.
type stream struct {
	id uint64

	// Sending.
	sentOffset   uint64 // bytes given to the send log
	sendLimit    uint64 // the peer lets us go this far
	peerConsumed uint64 // the peer's application has consumed this far
	progressAt   time.Time
	firstSeq     uint64 // of the fragmented message under way
	turn         bool   // a sender is in the middle of a message, or waits for room

	// Receiving.
	in           inbox
	rcvdOffset   uint64
	consumed     uint64
	toldConsumed uint64
	rcvLimit     uint64 // what the peer was told
	window       int
	grantedAt    time.Time
	creditDue    bool
	pending      int // bytes still to come of the fragmented message that is arriving
	arriving     bool
}

// credit returns how many bytes may still be sent.
func (st *stream) credit() uint64 { return st.sendLimit - st.sentOffset }

// receive checks a run of count frames that has just arrived on the stream and files it.
func (st *stream) receive(run []byte, whole *block, off int) (kept bool, err error) {
	if st.rcvdOffset+uint64(len(run)) > st.rcvLimit {
		return false, violation("6", "stream %d went beyond its credit", st.id)
	}
	st.rcvdOffset += uint64(len(run))
	return st.in.put(run, whole, off), nil
}

// admit checks one frame against the message that is arriving.
func (st *stream) admit(f *sequencedFrame, maxMessage int) error {
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
func (st *stream) consume(dst []byte) (msg []byte, ok bool) {
	msg, freed, ok := st.in.next(dst)
	st.consumed += uint64(freed)
	// A quarter of the window at a time: often enough to keep the peer going, seldom
	// enough to cost nothing.
	if st.usedUp() {
		st.creditDue = true
	}
	return msg, ok
}

func (st *stream) usedUp() bool {
	return st.consumed+uint64(st.window)-st.rcvLimit >= uint64(st.window/4)
}

// grant renews the credit. A window that is used up within a few round trips is too small
// for the path: it doubles, while the budget allows, up to limit.
func (st *stream) grant(now time.Time, rtt time.Duration, limit int, budget *Budget) {
	quick := max(4*rtt, 2*time.Millisecond)
	if st.usedUp() && st.window < limit && now.Sub(st.grantedAt) < quick {
		if grown := min(2*st.window, limit); budget.take(grown-st.window, fairShare) {
			st.window = grown
		}
	}
	st.grantedAt = now
	st.rcvLimit = max(st.rcvLimit, st.consumed+uint64(st.window))
	st.creditDue = false
}

// shrink gives back what the window grew by above the initial one; nothing more will come.
func (st *stream) shrink(budget *Budget, initial int) {
	if st.window > initial {
		budget.release(st.window - initial)
		st.window = initial
	}
}
