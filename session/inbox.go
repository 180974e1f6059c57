package session

// inbox holds the frames of one stream that have arrived and not been consumed, as they
// were on the wire. The credit that was given to the peer bounds it.
type inbox struct {
	blocks queue[*block]
	bytes  int

	// The message that is being put together from fragments. Memory for a large one comes from
	// the receiver, who reserves it first.
	partial  []byte
	total    int
	joining  bool
	lent     bool // partial is memory of a receiver's that waits
	reserved int  // of the budget, for partial
}

// reserveAbove is the size above which a message's memory is reserved before it is allocated.
const reserveAbove = 256 << 10

// put files a run of frames. It may keep whole, the block they arrived in, instead of
// copying them out of it, and then says so.
func (in *inbox) put(run []byte, whole *block, off int) (kept bool) {
	in.bytes += len(run)
	if whole != nil && len(run) >= cap(whole.buf)/4 && in.tailRoom() < len(run) {
		whole.buf, whole.read = whole.buf[:off+len(run)], off
		in.blocks.push(whole)
		return true
	}
	if in.tailRoom() < len(run) {
		size := blockSize(len(run))
		if in.blocks.len() > 0 {
			size = largeBlock
		}
		in.blocks.push(getBlock(size))
	}
	b := in.blocks.last()
	b.buf = append(b.buf, run...)
	return false
}

func (in *inbox) tailRoom() int {
	if in.blocks.len() == 0 {
		return 0
	}
	return in.blocks.last().room()
}

// taken is what next found.
type taken struct {
	msg    []byte // appended to dst, if it came in one piece
	joined bool   // msg was put together and is the receiver's as it is
	whole  bool   // there is a message
	freed  int    // wire bytes consumed
	need   int    // so much memory has to be given to begin before anything can go on
}

// next takes the next whole message out, appended to dst. It consumes fragments of an
// unfinished message as they come, so that a message larger than the credit can pass.
func (in *inbox) next(dst []byte) (t taken) {
	for in.bytes > 0 {
		b := in.blocks.at(0)
		f, err := parseSequenced(b.buf[b.read:])
		if err != nil {
			panic("BUG: unparsable frame in an inbox")
		}
		if n := in.needs(&f); n > reserveAbove {
			t.need = n
			return t
		} else if n > 0 && fits(dst, n) {
			in.borrow(dst, n, 0)
		} else if n > 0 {
			in.begin(make([]byte, 0, n), n, 0)
		}
		b.read += f.size
		in.bytes -= f.size
		t.freed += f.size
		switch f.typ {
		case frameMessage:
			t.msg, t.whole = append(dst, f.body...), true
		case frameFirst:
			_, n := uvarint(f.body)
			in.partial = append(in.partial, f.body[n:]...)
		case frameFragment:
			in.partial = append(in.partial, f.body...)
		case frameAbandon:
			in.drop()
		}
		if b.read == len(b.buf) {
			in.blocks.pop()
			putBlock(b)
		}
		if in.joining && len(in.partial) == in.total {
			t.whole = true
			switch {
			case !in.lent:
				t.msg, t.joined = in.partial, true
			case in.isIn(dst):
				t.msg = dst[:len(dst)+in.total]
			default: // another receiver's, who may take it back at any time
				t.msg = append(dst, in.partial...)
			}
			in.drop()
		}
		if t.whole {
			return t
		}
	}
	return t
}

// needs is the size of the message that f begins, if it still needs memory.
func (in *inbox) needs(f *sequencedFrame) int {
	if f.typ != frameFirst || in.joining {
		return 0
	}
	total, _ := uvarint(f.body)
	return int(total)
}

// waitsFor reports whether the next thing in the inbox is a message of n bytes that needs
// memory.
func (in *inbox) waitsFor(n int) bool {
	if in.bytes == 0 {
		return false
	}
	b := in.blocks.at(0)
	f, err := parseSequenced(b.buf[b.read:])
	return err == nil && in.needs(&f) == n
}

// begin gives the memory for the message of total bytes that comes next.
func (in *inbox) begin(memory []byte, total, reserved int) {
	in.partial, in.total, in.joining, in.reserved = memory, total, true, reserved
}

// fits reports whether a message of total bytes can be put together behind dst.
func fits(dst []byte, total int) bool { return cap(dst)-len(dst) >= total }

// borrow is begin with the memory behind dst, where it fits: it is where the receiver wants it.
// He has to call takeBack before he gives his memory up.
func (in *inbox) borrow(dst []byte, total, reserved int) {
	in.begin(dst[len(dst):len(dst):len(dst)+total], total, reserved)
	in.lent = true
}

// takeBack ends the use of a receiver's memory; what has been put together there is kept.
func (in *inbox) takeBack(dst []byte) {
	if in.isIn(dst) {
		in.partial, in.lent = append(make([]byte, 0, in.total), in.partial...), false
	}
}

// isIn reports whether the message is being put together behind dst.
func (in *inbox) isIn(dst []byte) bool {
	return in.lent && cap(dst) > len(dst) && &dst[:len(dst)+1][len(dst)] == &in.partial[:1][0]
}

// drop forgets the message that is being put together.
func (in *inbox) drop() { in.partial, in.joining, in.lent = nil, false, false }

// truncate drops the last message, of which only a part has arrived.
func (in *inbox) truncate() {
	var kept, since queue[*block] // up to its beginning, and what follows
	cut := -1                     // where it begins, in the last kept block
	for in.blocks.len() > 0 {
		b := in.blocks.pop()
		since.push(b)
		for off := b.read; off < len(b.buf); {
			f, err := parseSequenced(b.buf[off:])
			if err != nil {
				panic("BUG: unparsable frame in an inbox")
			}
			if f.typ == frameFirst {
				for cut = off; since.len() > 0; {
					kept.push(since.pop())
				}
			}
			off += f.size
		}
	}
	for since.len() > 0 {
		putBlock(since.pop())
	}
	if cut < 0 { // its beginning was consumed, and with it all before
		in.bytes = 0
		in.drop()
		return
	}
	in.blocks, in.bytes = kept, 0
	last := kept.last()
	last.buf = last.buf[:cut]
	for i := range kept.len() {
		in.bytes += len(kept.at(i).buf) - kept.at(i).read
	}
}

func (in *inbox) release() {
	for in.blocks.len() > 0 {
		putBlock(in.blocks.pop())
	}
	in.bytes = 0
	in.drop()
}
