package session

// inbox holds the frames of one stream that have arrived and not been consumed, as they
// were on the wire. The credit that was given to the peer bounds it.
type inbox struct {
	blocks queue[*block]
	bytes  int

	// The message that is being put together from fragments.
	partial []byte
	total   int
	joining bool
}

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

// next takes the next whole message out, appended to dst. It consumes fragments of an
// unfinished message as they come, so that a message larger than the credit can pass.
// freed is the number of wire bytes consumed; whole is false when more has to arrive.
func (in *inbox) next(dst []byte) (msg []byte, freed int, whole bool) {
	for in.bytes > 0 {
		b := in.blocks.at(0)
		f, err := parseSequenced(b.buf[b.read:])
		if err != nil {
			panic("BUG: unparsable frame in an inbox")
		}
		b.read += f.size
		in.bytes -= f.size
		freed += f.size
		switch f.typ {
		case frameMessage:
			msg, whole = append(dst, f.body...), true
		case frameFirst:
			total, n := uvarint(f.body)
			in.start(int(total))
			in.partial = append(in.partial, f.body[n:]...)
		case frameFragment:
			in.grow(len(f.body))
			in.partial = append(in.partial, f.body...)
		case frameAbandon:
			in.partial, in.joining = nil, false
		}
		if b.read == len(b.buf) {
			in.blocks.pop()
			putBlock(b)
		}
		if in.joining && len(in.partial) == in.total {
			msg, whole = in.partial, true
			if dst != nil {
				msg = append(dst, msg...)
			}
			in.partial, in.joining = nil, false
		}
		if whole {
			return msg, freed, true
		}
	}
	return nil, freed, false
}

// trustedTotal is how much is allocated on a peer's announcement alone; beyond it the
// buffer grows with what has really arrived.
const trustedTotal = 1 << 20

func (in *inbox) start(total int) {
	in.total, in.joining = total, true
	in.partial = make([]byte, 0, min(total, trustedTotal))
}

func (in *inbox) grow(n int) {
	if need := len(in.partial) + n; need > cap(in.partial) {
		grown := make([]byte, len(in.partial), min(in.total, max(need, 2*cap(in.partial))))
		copy(grown, in.partial)
		in.partial = grown
	}
}

func (in *inbox) release() {
	for in.blocks.len() > 0 {
		putBlock(in.blocks.pop())
	}
	in.bytes, in.partial, in.joining = 0, nil, false
}
