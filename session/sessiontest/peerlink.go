package sessiontest

import (
	"time"

	"github.com/standardbeagle/brum/session"
)

// peerLink is a connection of the peer's after its attach. The peer's mutex guards what its
// reader shares with the test.
type peerLink struct {
	conn    session.Conn
	done    chan struct{} // closed when the reader has ended
	opening []Frame       // the first packet that came
	flow    []Frame       // sequenced frames and ends, not yet asked for
	chat    map[FrameType][]Frame
	arrived time.Time // of the last packet
	wrong   error     // what the tested side did wrong
	ended   error     // why reading ended
	writing chan struct{}
}

// up makes conn the link and replays on it what the tested side does not have.
func (p *Peer) up(conn session.Conn, pos Position) {
	p.t.Helper()
	l := &peerLink{
		conn: conn, done: make(chan struct{}), writing: make(chan struct{}, 1),
		chat: make(map[FrameType][]Frame), arrived: time.Now(),
	}
	p.mu.Lock()
	a := &p.accounts
	a.acked = max(a.acked, pos.Next)
	again := append(ledger(nil), a.sent[pos.Next:]...)
	next := a.received.next()
	a.told = next
	older := p.former
	p.link, p.former = l, p.link
	p.mu.Unlock()
	if older != nil {
		older.end()
	}
	p.wg.Go(func() { p.read(l) })

	p.write(l, Ack(next).Encode())
	for i, seq := 0, pos.Next; i < len(again); {
		packet := Seq(seq).Encode()
		for ; i < len(again) && len(packet)+len(again[i]) <= maxPacket; i++ {
			packet = append(packet, again[i]...)
			seq++
		}
		p.write(l, packet)
	}
}

// end closes the link and waits for its reader.
func (l *peerLink) end() {
	l.conn.Close()
	<-l.done
}

func (p *Peer) write(l *peerLink, packet []byte) {
	l.writing <- struct{}{}
	_ = l.conn.WritePacket(packet, nil) // the reader sees why it failed
	<-l.writing
}

// read files what comes until the connection ends.
func (p *Peer) read(l *peerLink) {
	defer close(l.done)
	for {
		packet, err := readPacket(l.conn)
		var frames []parsed
		if err == nil {
			if frames, err = parsePacket(packet); err != nil {
				p.note(func() { l.wrong = err })
				continue
			}
		} else {
			p.note(func() { l.ended = err })
			return
		}
		var pongs []byte
		p.note(func() {
			if l.wrong == nil {
				pongs, l.wrong = p.file(l, frames)
			}
		})
		if pongs != nil {
			p.write(l, pongs)
		}
	}
}

// note changes something that the test may be waiting for.
func (p *Peer) note(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.news)
	p.news = make(chan struct{})
}

// file takes in a packet of link l and returns the PONGs that it asks for. mu is held.
func (p *Peer) file(l *peerLink, frames []parsed) (pongs []byte, err error) {
	l.arrived = time.Now()
	if l.opening == nil {
		for _, f := range frames {
			l.opening = append(l.opening, f.Frame)
		}
	}
	var seq uint64
	for i := range frames {
		f := &frames[i]
		switch {
		case f.Type.Sequenced():
			fresh, err := p.accounts.take(seq, f)
			if err != nil {
				return pongs, err
			}
			if fresh {
				l.flow = append(l.flow, f.Frame)
			}
			seq++
			continue
		case f.Type == TypeSeq:
			seq = f.Number(0)
		case f.Type == TypeAck:
			err = p.accounts.ack(f)
			l.chat[f.Type] = append(l.chat[f.Type], f.Frame)
		case f.Type == TypeCredit:
			err = p.accounts.credit(f)
			l.chat[f.Type] = append(l.chat[f.Type], f.Frame)
		case f.Type == TypePing:
			l.chat[f.Type] = append(l.chat[f.Type], f.Frame)
			if !p.mute {
				pongs = append(pongs, Frame{Type: TypePong, Body: f.Body}.Encode()...)
			}
		case f.Type == TypePong:
			l.chat[f.Type] = append(l.chat[f.Type], f.Frame)
		default:
			l.flow = append(l.flow, f.Frame)
		}
		if err != nil {
			return pongs, err
		}
	}
	return pongs, nil
}

// Send sends frames in one packet and keeps the accounts; SEQ is put where it has to be.
func (p *Peer) Send(frames ...Frame) {
	p.t.Helper()
	l := p.linked()
	var packet []byte
	p.mu.Lock()
	numbered := false
	for _, f := range frames {
		if f.Type.Sequenced() && !numbered {
			packet = append(packet, Seq(p.accounts.sent.next()).Encode()...)
			numbered = true
		}
		packet = append(packet, f.Encode()...)
		p.accounts.say(f)
	}
	p.mu.Unlock()
	p.write(l, packet)
}

// Inject sends frames in one packet as they are, without SEQ and outside of all accounts.
func (p *Peer) Inject(frames ...Frame) {
	p.t.Helper()
	var packet []byte
	for _, f := range frames {
		packet = append(packet, f.Encode()...)
	}
	p.InjectPacket(packet)
}

// InjectPacket sends bytes as a packet, whatever they are.
func (p *Peer) InjectPacket(packet []byte) {
	p.t.Helper()
	p.write(p.linked(), packet)
}

func (p *Peer) linked() *peerLink {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.link == nil {
		p.t.Fatal("sessiontest: the peer has no link")
	}
	return p.link
}
