package session

import "time"

// maxStreams is how many streams of each side's opening may be open at a time.
const maxStreams = 256

// mainStream is the stream that every session has from the beginning.
const mainStream = 0

// streams are the lanes of a session. The dialing side opens odd ids, the accepting side
// even ones, each in rising order.
type streams struct {
	main   stream
	open   map[uint64]*stream // all but main
	recent *stream            // the last one looked up
	void   stream             // takes what still arrives on streams that were reset

	nextID   uint64 // what this side opens next
	peerID   uint64 // the highest id that the peer has opened
	byPeer   int    // streams that the peer has opened and that have not ended both ways
	bySelf   int    // the same for this side
	incoming queue[*stream]

	window  int    // what a stream may receive at first
	bounds  bounds // of what that may grow to
	granted uint64 // what the peer lets a stream send at first

	consumed []*stream // with consumption that the peer was not told
	due      int       // of them, those whose credit is due
	toldAt   time.Time // when the peer was last told
	slow     bool      // a window was used up, slowly for the round trip that is known
	touched  []*stream // something has happened that the application may wait for

	// Bytes sent and consumed by the peer on all streams, and when that last moved.
	sent, peerConsumed uint64
	progressAt         time.Time
}

func (ss *streams) init(role role, window int, bounds bounds) {
	ss.window, ss.bounds, ss.granted = window, bounds, minCredit // every peer grants that much
	ss.start(&ss.main, mainStream)
	ss.void = stream{id: ^uint64(0), from: broken, out: broken}
	ss.nextID = 1
	if role == accepting {
		ss.nextID = 2
	}
}

func (ss *streams) start(st *stream, id uint64) {
	st.id, st.window, st.rcvLimit, st.sendLimit = id, ss.window, uint64(ss.window), ss.granted
	st.plan()
}

// find returns the stream with that id, or nil.
func (ss *streams) find(id uint64) *stream {
	if id == mainStream {
		return &ss.main
	}
	if ss.recent == nil || ss.recent.id != id {
		ss.recent = ss.open[id]
	}
	return ss.recent
}

func (ss *streams) add(id uint64, name string) *stream {
	st := &stream{name: name}
	ss.start(st, id)
	if ss.open == nil {
		ss.open = make(map[uint64]*stream)
	}
	ss.open[id] = st
	return st
}

// mine reports whether this side opens streams with such an id.
func (ss *streams) mine(id uint64) bool { return id%2 == ss.nextID%2 }

// all calls f with every stream.
func (ss *streams) all(f func(*stream)) {
	f(&ss.main)
	for _, st := range ss.open {
		f(st)
	}
}

// touch notes that the application may want to look at st.
func (ss *streams) touch(st *stream) {
	if !st.touched {
		st.touched = true
		ss.touched = append(ss.touched, st)
	}
}

// note lists st if the peer has to hear of consumption.
func (ss *streams) note(st *stream) {
	if !st.listed && st.consumed != st.toldConsumed {
		st.listed = true
		ss.consumed = append(ss.consumed, st)
	}
	if !st.creditDue && st.from == flowing && st.usedUp() {
		ss.owe(st)
	}
}

// owe makes st's credit due.
func (ss *streams) owe(st *stream) {
	if !st.listed {
		st.listed = true
		ss.consumed = append(ss.consumed, st)
	}
	if !st.creditDue {
		st.creditDue = true
		ss.due++
	}
}

// maxCreditFrame is the size of the largest CREDIT frame.
const maxCreditFrame = 2 + 3*10

// controlReserve is kept in a packet's head for END and SEQ.
const controlReserve = 64

// tell appends CREDIT frames for the streams that are listed, as far as a packet's head has
// room for them.
func (ss *streams) tell(p []byte, now time.Time, rtt time.Duration, budget *Budget) []byte {
	ss.toldAt = now
	rest := ss.consumed[:0]
	for _, st := range ss.consumed {
		if len(p)+maxCreditFrame > maxHead-controlReserve {
			rest = append(rest, st)
			continue
		}
		st.listed = false
		if st.id != mainStream && ss.open[st.id] != st {
			continue // reaped
		}
		if st.creditDue {
			ss.due--
		}
		ss.adapt(st, now, rtt, budget)
		st.grant(ss.bounds.ordinary, budget)
		p = appendControl(p, frameCredit, st.id, st.consumed, st.rcvLimit)
	}
	clear(ss.consumed[len(rest):])
	ss.consumed = rest
	return p
}

// reserved is what the messages that are being put together take.
func (ss *streams) reserved() (n int) {
	ss.all(func(st *stream) { n += st.in.reserved })
	return n
}

// limits takes in what the peer grants a stream at first.
func (ss *streams) limits(granted uint64) {
	ss.granted = max(ss.granted, granted)
	ss.all(func(st *stream) { st.sendLimit = max(st.sendLimit, ss.granted) })
}

// settle notes that of st nothing before that offset waits for the peer's application.
func (ss *streams) settle(st *stream, offset uint64) {
	ss.peerConsumed += offset - st.peerConsumed
	st.peerConsumed = offset
}

// reap draws the consequences of the end of st in both directions, if it has come to that,
// and forgets it when nothing is left to consume.
func (ss *streams) reap(st *stream, budget *Budget) {
	if st.id == mainStream || st.out == flowing || st.from == flowing || ss.open[st.id] != st {
		return
	}
	if !st.ended {
		st.ended = true
		if ss.mine(st.id) {
			ss.bySelf--
		} else {
			ss.byPeer--
		}
	}
	if st.in.bytes > 0 {
		return
	}
	delete(ss.open, st.id)
	if ss.recent == st {
		ss.recent = nil
	}
	st.shrink(budget, ss.window, ss.bounds.ordinary)
	ss.settle(st, st.sentOffset) // what the peer has not told to be consumed never will be
	if st.creditDue {
		st.creditDue = false
		ss.due--
	}
}

// known reports whether id is or was a stream's.
func (ss *streams) known(id uint64) bool {
	return id == mainStream || (ss.mine(id) && id < ss.nextID) || (!ss.mine(id) && id <= ss.peerID)
}
