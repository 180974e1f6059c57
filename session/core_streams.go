package session

// openStream announces a new stream of this side's; its messages may follow at once.
func (c *core) openStream(name string) (*stream, space) {
	id := c.streams.nextID
	if c.phase != phaseOpen {
		return nil, spaceNever
	}
	if c.streams.bySelf >= maxStreams {
		return nil, spaceStreams
	}
	if s := c.room(sequencedLen(id, len(name))); s != spaceYes {
		return nil, s
	}
	c.log.append(frameOpen, id, nil, []byte(name))
	c.streams.nextID += 2
	c.streams.bySelf++
	return c.streams.add(id, name), spaceYes
}

// finishStream ends the sending direction of a stream behind what was sent on it.
func (c *core) finishStream(st *stream) space {
	if st.out != flowing {
		return spaceYes
	}
	if c.phase != phaseOpen {
		return spaceNever
	}
	if s := c.room(sequencedLen(st.id, 0)); s != spaceYes {
		return s
	}
	c.log.append(frameFin, st.id, nil, nil)
	st.out = finished
	c.streams.reap(st, c.cfg.Budget)
	return spaceYes
}

// resetStream ends both directions of a stream: what is on its way on it will be dropped,
// except what this side has finished before.
func (c *core) resetStream(st *stream) space {
	if st.from == broken || (st.out == finished && st.from == finished) {
		return spaceYes
	}
	if c.phase == phaseOpen { // behind a close nobody needs to be told
		if s := c.room(sequencedLen(st.id, 0)); s != spaceYes {
			return s
		}
		c.log.append(frameReset, st.id, nil, nil)
	}
	if st.out != finished {
		st.out = broken
	}
	st.from = broken
	st.discard(c.cfg.Budget)
	c.streams.touch(st)
	c.streams.reap(st, c.cfg.Budget)
	return spaceYes
}

// onReset: the peer takes nothing more, and sends nothing more if it had not finished.
func (c *core) onReset(st *stream) {
	st.out = broken
	if st.from != finished {
		st.from = broken
		st.discard(c.cfg.Budget)
	}
	c.streams.touch(st)
	c.streams.reap(st, c.cfg.Budget)
}

// onStream takes in a frame that begins or ends a stream. frame is its encoding.
func (c *core) onStream(st *stream, f *sequencedFrame, frame []byte) error {
	switch f.typ {
	case frameOpen:
		if err := c.onOpen(f); err != nil {
			return err
		}
	case frameFin, frameReset:
		switch {
		case len(f.body) != 0 || f.stream == mainStream:
			return violation("6", "end of stream %d", f.stream)
		case st == nil && c.streams.known(f.stream): // reset in the meantime
		case f.typ == frameReset && st != nil:
			c.onReset(st)
		case st == nil || st.from != flowing || st.arriving:
			return violation("6", "end of stream %d", f.stream)
		default:
			st.from = finished
			c.streams.touch(st)
			c.streams.reap(st, c.cfg.Budget)
		}
	default:
		return violation("3.3", "unknown frame type %#x", uint8(f.typ))
	}
	c.rx.next++
	c.rx.digest.Write(frame)
	c.rx.sinceAck += len(frame)
	c.rx.sinceDigest += len(frame)
	return nil
}

func (c *core) onOpen(f *sequencedFrame) error {
	ss := &c.streams
	switch {
	case f.stream == mainStream || ss.mine(f.stream) || f.stream <= ss.peerID:
		return violation("6", "stream %d can't be opened", f.stream)
	case len(f.body) > maxName:
		return violation("6", "a stream's name of %d bytes", len(f.body))
	case ss.byPeer >= maxStreams:
		return violation("6", "more than %d streams", maxStreams)
	}
	ss.peerID = f.stream
	ss.byPeer++
	ss.incoming.push(ss.add(f.stream, string(f.body)))
	return nil
}

// consume takes the next message of a stream; see inbox.next.
func (c *core) consume(st *stream, dst []byte) taken {
	t := st.consume(dst, c.cfg.Budget)
	c.streams.note(st)
	c.streams.reap(st, c.cfg.Budget)
	return t
}
