package session

import (
	"bytes"

	"github.com/standardbeagle/brum/errors"
)

// simLink is a link with its reader and its writer.
type simLink struct {
	id             uint64
	sock           *simSocket
	done           bool
	woken, writing bool
	head           [maxHead]byte
}

// startLink is Session.startLink.
func (x *simDriver) startLink(id uint64, sock *simSocket) {
	x.note("is linked", int64(id), int64(sock.conn.id))
	l := &simLink{id: id, sock: sock}
	x.link = l
	x.judge.linked(x)
	x.read(l)
	x.s.madeSpace()
}

// dropLink is Session.dropLink.
func (x *simDriver) dropLink(farewell []byte) {
	l := x.link
	x.link = nil
	x.note("drops link", int64(l.id), int64(len(farewell)))
	l.done = true
	if l.writing {
		x.proc.soon(l.sock.close)
		return
	}
	x.proc.soon(func() {
		if farewell == nil {
			l.sock.close()
			return
		}
		x.proc.after(farewellTime, l.sock.close)
		l.sock.write(segment{kind: segPacket, packet: farewell}, func(error) { l.sock.close() })
	})
}

// read is Session.readLoop.
func (x *simDriver) read(l *simLink) {
	l.sock.next(func(seg segment, err error) {
		now := x.now()
		switch {
		case x.link != l:
			return
		case err != nil:
			x.note("link breaks", int64(l.id), int64(errors.Of(err)))
			x.core.linkLost(now, l.id, TriggerError, err)
			x.unlock(now)
			return
		}
		x.d.totals.packets++
		x.meter.packets++
		blk := getBlock(largeBlock)
		blk.buf = append(blk.buf, seg.packet...)
		x.note("gets packet", int64(len(seg.packet)), int64(x.core.rx.next))
		kept, err := x.core.receive(now, l.id, blk)
		if err != nil {
			x.d.fail("%v takes a packet for a violation: %v", x.side, err)
		}
		x.judge.heard(x)
		x.s.madeSpace()
		x.unlock(now)
		if !kept {
			putBlock(blk)
		}
		x.read(l)
	})
}

// wakeWriter is Session.wakeWriter, and what the writer does then.
func (x *simDriver) wakeWriter() {
	l := x.link
	if l == nil || l.woken || l.writing {
		return
	}
	l.woken = true
	x.proc.soon(func() {
		l.woken = false
		if x.link == l && !l.writing {
			x.flush(l, false, nil)
		}
	})
}

// pushed is Session.pushed; then is what the sender does when it has written.
func (x *simDriver) pushed(then func()) {
	l := x.link
	switch {
	case l == nil || l.writing || l.woken:
	case !x.core.quiet():
		x.wakeWriter()
	default:
		x.flush(l, true, then)
		return
	}
	if then != nil {
		then()
	}
}

// flush is Session.flush, with the unlock that follows it.
func (x *simDriver) flush(l *simLink, once bool, then func()) {
	l.writing = true
	now := x.now()
	end := func() {
		l.writing = false
		x.unlock(now)
		if then != nil {
			then()
		}
	}
	p, ok := x.core.nextPacket(now, l.head[:])
	if !ok {
		end()
		return
	}
	packet := append(append(make([]byte, 0, len(p.head)+len(p.frames)), p.head...), p.frames...)
	x.checkPacket(p)
	x.meter.packets++
	x.note("writes packet", int64(len(packet)), int64(x.core.log.sent))
	l.sock.write(segment{kind: segPacket, packet: packet}, func(err error) {
		if !bytes.Equal(packet[len(p.head):], p.frames) || !bytes.Equal(packet[:len(p.head)], p.head) {
			x.d.fail("%v: a packet changes while it is written", x.side)
		}
		x.core.wrote(p)
		switch {
		case x.link != l:
			now = x.now()
		case err != nil:
			now = x.now()
			x.core.linkLost(now, l.id, TriggerError, err)
		default:
			x.s.madeTurn()
			if !once {
				x.flush(l, once, then)
				return
			}
		}
		end()
	})
}
