package session

import (
	"io"
	"sync"
	"time"
)

// farewellTime is how long the last packet on a link may take.
const farewellTime = 250 * time.Millisecond

// link is one attached connection. Its fields are guarded by the session's mutex.
type link struct {
	id   uint64 // the attempt it came from
	conn Conn

	write   func() // what a writer does: one value, so that starting one allocates nothing
	woken   bool   // a writer has been started and has not looked yet
	company company
	writing bool // somebody is writing; nobody else may

	idle chan struct{} // closed when who was writing when the link was dropped has finished
}

// heads are for the control frames of packets that are being written.
var heads = sync.Pool{New: func() any { return new([maxHead]byte) }}

// startLink makes conn the session's link. mu is held.
func (s *Session) startLink(id uint64, conn Conn) {
	l := &link{id: id, conn: conn}
	l.write = func() {
		l.company.wait()
		s.writer(l)
	}
	s.link = l
	s.wg.Go(func() { s.readLoop(l) })
	s.madeSpace()
}

// dropLink lets go of the current link, which says farewell if it can. mu is held.
func (s *Session) dropLink(farewell []byte) {
	l := s.link
	s.link = nil
	if farewell == nil {
		// A writer may be stuck in the connection: only closing that frees it.
		s.wg.Go(func() { l.conn.Close() })
		return
	}
	if l.writing {
		l.idle = make(chan struct{})
	}
	guard := time.AfterFunc(farewellTime, func() { l.conn.Close() })
	s.wg.Go(func() {
		if l.idle != nil {
			<-l.idle
		}
		l.conn.WritePacket(farewell, nil) // best effort: the link is gone either way
		guard.Stop()
		l.conn.Close()
	})
}

// readLoop files what arrives until the connection fails or is closed.
func (s *Session) readLoop(l *link) {
	for {
		blk, err := readPacket(l.conn)
		now := time.Now()
		s.mu.Lock()
		if s.link != l {
			s.mu.Unlock()
			if blk != nil {
				putBlock(blk)
			}
			return
		}
		if err != nil {
			s.core.unreadable(now, l.id, err)
			s.unlock(now)
			return
		}
		kept, _ := s.core.receive(now, l.id, blk) // an error has ended the session
		s.madeSpace()
		s.unlock(now)
		if !kept {
			putBlock(blk)
		}
	}
}

// readPacket reads one packet into a block. It holds no memory while nothing arrives.
func readPacket(conn Conn) (*block, error) {
	r, err := conn.Next()
	if err != nil {
		return nil, err
	}
	blk := getBlock(largeBlock)
	buf := blk.buf[:cap(blk.buf)]
	n := 0
	for err == nil && n < len(buf) {
		var k int
		k, err = r.Read(buf[n:])
		n += k
	}
	if err == nil { // full: it has to end here
		var one [1]byte
		if k, e := r.Read(one[:]); k > 0 || e == nil {
			err = violation("3.1", "packet above %d bytes", maxPacket)
		} else {
			err = e
		}
	}
	if err != io.EOF {
		putBlock(blk)
		return nil, err
	}
	blk.buf = buf[:n]
	return blk, nil
}

// writer writes what is due, for a claimWriter. It is a goroutine only for so long: a quiet session
// has none.
func (s *Session) writer(l *link) {
	defer s.wg.Done()
	s.mu.Lock()
	l.woken = false
	if s.link != l || l.writing {
		s.mu.Unlock()
		return
	}
	l.company.judge(s.core.log.unsent())
	s.unlock(s.flush(l, false))
}

// flush writes packets until nothing is due. A sender that writes for itself writes one and
// leaves the rest to the writer. mu is held, but not while writing.
func (s *Session) flush(l *link, once bool) (now time.Time) {
	l.writing = true
	head := heads.Get().(*[maxHead]byte)
	defer heads.Put(head)
	for {
		now = time.Now()
		p, ok := s.core.nextPacket(now, head[:])
		if !ok {
			break
		}
		s.mu.Unlock()
		err := l.conn.WritePacket(p.head, p.frames)
		s.mu.Lock()
		s.core.wrote(p)
		if s.link != l {
			now = time.Now() // the write may have taken long, and this process may have been stopped
			break
		}
		if err != nil {
			now = time.Now()
			s.core.linkLost(now, l.id, TriggerError, err)
			break
		}
		s.madeTurn()
		if once {
			break
		}
	}
	l.writing = false
	if l.idle != nil {
		close(l.idle) // dropped meanwhile: nobody writes here again but the farewell
	}
	return now
}

// wakeWriter starts a writer for what is due, unless somebody is writing and will see it
// anyway. mu is held.
func (s *Session) wakeWriter() {
	if l := s.claimWriter(); l != nil {
		go l.write()
	}
}

// claimWriter makes the caller the one who sees to it that writer runs, for the link that it
// returns; nil: there is nothing to be done. mu is held.
func (s *Session) claimWriter() *link {
	l := s.link
	if l == nil || l.woken || l.writing {
		return nil
	}
	l.woken = true
	s.wg.Add(1) // the reader is counted still: nobody has seen the end of all yet
	return l
}
