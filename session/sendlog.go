package session

import (
	"github.com/cespare/xxhash/v2"
)

// sendLog is the replay buffer: every sequenced frame that the peer has not acknowledged,
// encoded once and in order. What was sent stays where it is until it is acknowledged.
type sendLog struct {
	budget   *Budget
	ordinary extent // what it may hold of itself

	blocks    queue[*block]
	held      int    // bytes of the blocks' capacity
	stretched int    // of them, those beyond the ordinary extent
	acked     uint64 // the peer has everything below
	next      uint64 // the number the next frame gets

	// The transmit cursor of the current link: where the next packet starts.
	sent      uint64 // sequence number
	sentBlock int    // index in blocks
	sentOff   int    // offset in that block

	// fragmented lists the whole messages that were sent in fragments and not yet acknowledged.
	fragmented queue[fragmented]

	// digest covers every frame of blocks that were closed or released.
	digest xxhash.Digest
}

// fragmented is a message that travels as frames first to last.
type fragmented struct {
	stream      uint64
	first, last uint64
	size        int
}

// extent bounds a send log.
type extent struct {
	bytes int
	count uint64
}

func (l *sendLog) init(budget *Budget, ordinary extent) {
	l.budget, l.ordinary = budget, ordinary
	l.digest.Reset()
}

func (l *sendLog) unacked() uint64 { return l.next - l.acked }
func (l *sendLog) unsent() uint64  { return l.next - l.sent }

// unsentBytes is how much waits behind the transmit cursor, up to limit.
func (l *sendLog) unsentBytes(limit int) int {
	n := 0
	for i := l.sentBlock; i < l.blocks.len() && n < limit; i++ {
		n += len(l.blocks.at(i).buf)
		if i == l.sentBlock {
			n -= l.sentOff
		}
	}
	return n
}

// space is the outcome of asking for room.
type space uint8

const (
	spaceYes     space = iota
	spaceReplay        // this session's replay buffer is full
	spaceBudget        // the sessions' common budget is used up
	spaceCredit        // the peer's application has to consume first
	spaceStreams       // too many streams are open
	spaceTurn          // others have a turn
	spaceNever         // the stream takes no more
)

// reserve makes room for one frame of n bytes at the end of the last block, within an extent that is
// the ordinary one or wider.
func (l *sendLog) reserve(n int, within *extent) space {
	if l.unacked() >= within.count {
		return spaceReplay
	}
	size := blockSize(n)
	if l.blocks.len() > 0 {
		// A block's frames and a packet's head have to fit in one packet.
		last := l.blocks.last()
		if len(last.buf)+n <= min(cap(last.buf), maxPacket-maxHead) {
			return spaceYes
		}
		size = largeBlock // a second block means traffic
	}
	if l.held > 0 && l.held+size > within.bytes {
		return spaceReplay
	}
	switch {
	case l.held == 0 || l.held+size <= l.ordinary.bytes:
		if !l.budget.take(size, l.held) {
			return spaceBudget
		}
	case l.budget.takeStretch(stretchSent, size, size, l.stretched) == 0:
		return spaceReplay
	default:
		l.stretched += size
	}
	l.closeLast()
	b := getBlock(size)
	l.held += size
	b.first, b.before = l.next, l.digest
	l.blocks.push(b)
	return spaceYes
}

// closeLast folds the last block, which gets no more frames, into the running digest.
func (l *sendLog) closeLast() {
	if l.blocks.len() > 0 {
		l.digest.Write(l.blocks.last().buf)
	}
}

// append adds a frame in the room that reserve made.
func (l *sendLog) append(t frameType, stream uint64, prefix, payload []byte) {
	b := l.blocks.last()
	p := appendSequencedHead(b.buf, t, stream, len(prefix)+len(payload))
	p = append(p, prefix...)
	b.buf = append(p, payload...)
	b.count++
	l.next++
}

// take returns the frames for the next packet, at most one block's, and moves the
// transmit cursor behind them. The block is pinned until unpin.
func (l *sendLog) take() (b *block, frames []byte, first uint64) {
	if l.unsent() == 0 {
		return nil, nil, 0
	}
	b = l.blocks.at(l.sentBlock)
	if l.sentOff == len(b.buf) {
		l.sentBlock++
		l.sentOff = 0
		b = l.blocks.at(l.sentBlock)
	}
	first, frames = l.sent, b.buf[l.sentOff:]
	b.pins++
	l.sent, l.sentOff = b.next(), len(b.buf)
	return b, frames, first
}

func (l *sendLog) unpin(b *block) {
	b.pins--
	if b.unwanted {
		putBlock(b)
	}
}

// ack releases everything below next, which the caller has checked to be at most l.next.
func (l *sendLog) ack(next uint64) {
	if next <= l.acked {
		return
	}
	l.acked = next
	if l.sent < next {
		l.seek(next)
	}
	for l.fragmented.len() > 0 && l.fragmented.at(0).last < next { // in the order of their last frames
		l.fragmented.pop()
	}
	for l.blocks.len() > 0 && l.blocks.at(0).next() <= next {
		if l.blocks.len() == 1 {
			l.closeLast()
		}
		l.drop(l.blocks.pop())
		if l.sentBlock > 0 {
			l.sentBlock--
		} else {
			l.sentOff = 0
		}
	}
}

// drop gives a block's memory back, first of what is beyond the ordinary extent.
func (l *sendLog) drop(b *block) {
	size := cap(b.buf)
	l.held -= size
	if n := min(size, l.stretched); n > 0 {
		l.stretched -= n
		l.budget.releaseStretch(stretchSent, n)
		size -= n
	}
	if size > 0 {
		l.budget.release(size)
	}
	putBlock(b)
}

// seek puts the transmit cursor at seq, which is retained or l.next.
func (l *sendLog) seek(seq uint64) {
	l.sent = seq
	i, off := l.locate(seq)
	l.sentBlock, l.sentOff = i, off
}

// locate finds the block and the offset in it where frame seq starts; for l.next, the end
// of the last block.
func (l *sendLog) locate(seq uint64) (index, off int) {
	for i := range l.blocks.len() {
		b := l.blocks.at(i)
		if seq < b.next() || i == l.blocks.len()-1 {
			return i, frameOffset(b.buf, seq-b.first)
		}
	}
	return 0, 0
}

// frameOffset is where the n-th frame of buf starts. buf holds only frames that we encoded
// or have already parsed.
func frameOffset(buf []byte, n uint64) int {
	off := 0
	for range n {
		f, err := parseSequenced(buf[off:])
		if err != nil {
			panic("BUG: unparsable frame in a block")
		}
		off += f.size
	}
	return off
}

// digestAt returns the digest of all frames below seq, which must be in [acked, next].
// It is false for a number whose digest is no longer known.
func (l *sendLog) digestAt(seq uint64) (uint64, bool) {
	if seq < l.acked || seq > l.next {
		return 0, false
	}
	if l.blocks.len() == 0 {
		return l.digest.Sum64(), true
	}
	if seq < l.blocks.at(0).first {
		return 0, false
	}
	i, off := l.locate(seq)
	b := l.blocks.at(i)
	d := b.before
	d.Write(b.buf[:off])
	return d.Sum64(), true
}

// each calls f with every retained frame and its number, oldest first.
func (l *sendLog) each(f func(seq uint64, fr sequencedFrame)) {
	for i := range l.blocks.len() {
		b := l.blocks.at(i)
		off := 0
		for seq := b.first; seq < b.next(); seq++ {
			fr, err := parseSequenced(b.buf[off:])
			if err != nil {
				panic("BUG: unparsable frame in a block")
			}
			off += fr.size
			if seq >= l.acked {
				f(seq, fr)
			}
		}
	}
}

// messageOf returns the whole message that fragment seq of a stream belongs to.
func (l *sendLog) messageOf(stream, seq uint64) (fragmented, bool) {
	for i := range l.fragmented.len() {
		if m := l.fragmented.at(i); m.stream == stream && m.first <= seq && seq <= m.last {
			return m, true
		}
	}
	return fragmented{}, false
}

// release drops everything; the session has ended.
func (l *sendLog) release() {
	for l.blocks.len() > 0 {
		l.drop(l.blocks.pop())
	}
	l.sentBlock, l.sentOff = 0, 0
	l.sent = l.next
}
