package faultproxy

import (
	"bytes"
	"io"
	"net"
	"sync"
	"time"
)

const (
	chunkSize = 32 << 10
	// So many chunks of a direction may be under way; then it stops reading, as a full
	// network would.
	maxUnderWay = 64
)

// pump carries the bytes of one direction of a link. One goroutine reads and another writes,
// so that bytes can be late without being fewer per second.
type pump struct {
	link     *link
	dir      Direction
	from, to *net.TCPConn
	way      chan parcel
}

// parcel is what is under way: bytes, or news of an end behind them.
type parcel struct {
	kind  parcelKind
	bytes []byte
	due   time.Time // zero: at once
	how   Ending    // of a cut
}

type parcelKind int

const (
	someBytes   parcelKind = iota
	senderDone             // the sender has closed, or half closed
	senderReset            // the sender has reset the connection
	plannedCut
)

func newPump(l *link, d Direction, from, to *net.TCPConn) *pump {
	return &pump{link: l, dir: d, from: from, to: to, way: make(chan parcel, maxUnderWay)}
}

func (p *pump) run() {
	var writer sync.WaitGroup
	writer.Go(p.write)
	p.read()
	close(p.way)
	writer.Wait()
}

func (p *pump) read() {
	buf := make([]byte, chunkSize)
	for p.passable() {
		n, err := p.from.Read(buf)
		if n > 0 && !p.forward(buf[:n]) {
			return
		}
		if err != nil {
			p.forwardEnd(err)
			return
		}
	}
}

// passable waits while the direction is stalled and reports whether the link is still there.
func (p *pump) passable() bool {
	for {
		f, changed := p.link.flow(p.dir)
		if !f.stall {
			return true
		}
		select {
		case <-changed:
		case <-p.link.gone:
			return false
		}
	}
}

// forward sends b on its way, or drops it, and reports whether to go on.
func (p *pump) forward(b []byte) bool {
	if !p.passable() { // the stall may have begun while it was reading
		return false
	}
	n, due, cut := p.link.fate(p.dir, len(b))
	if n > 0 && !p.put(parcel{kind: someBytes, bytes: bytes.Clone(b[:n]), due: due}) {
		return false
	}
	return cut == nil || p.put(parcel{kind: plannedCut, how: cut.ending, due: due})
}

func (p *pump) forwardEnd(err error) {
	late, ok := p.link.endDelay(p.dir)
	if !ok || !p.passable() {
		return
	}
	kind := senderReset
	if err == io.EOF {
		kind = senderDone
	}
	p.put(parcel{kind: kind, due: time.Now().Add(late)})
}

func (p *pump) put(c parcel) bool {
	select {
	case p.way <- c:
		return true
	case <-p.link.gone:
		return false
	}
}

func (p *pump) write() {
	for c := range p.way {
		if !c.due.IsZero() && !p.link.wait(time.Until(c.due)) {
			return
		}
		switch c.kind {
		case someBytes:
			if _, err := p.to.Write(c.bytes); err != nil {
				p.bounce()
				return
			}
		case senderDone:
			_ = p.to.CloseWrite()
		case senderReset:
			p.end(RST)
		case plannedCut:
			p.link.cut(c.how)
		}
	}
}

// bounce tells the sender that nobody is there to receive any more, unless the way back
// loses that.
func (p *pump) bounce() {
	if late, ok := p.link.endDelay(1 - p.dir); ok && p.link.wait(late) {
		p.end(RST)
	}
}

func (p *pump) end(how Ending) {
	p.link.proxy.mu.Lock()
	defer p.link.proxy.mu.Unlock()
	p.link.endLocked(how)
}
