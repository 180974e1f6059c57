package sessiontest

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// accounts is what the peer knows of both directions. The peer's mutex guards it.
type accounts struct {
	p        *Peer
	sent     ledger
	received ledger
	acked    uint64 // of sent, by the tested side
	told     uint64 // of received, acknowledged by the test

	offsets map[uint64]uint64 // bytes received on each stream
	limits  map[uint64]uint64 // what the peer lets the tested side send on it
	granted map[uint64]uint64 // what the tested side lets the peer send
	opened  uint64            // the highest id that the tested side has opened
}

func (a *accounts) init(p *Peer) {
	a.p = p
	a.offsets, a.limits, a.granted = map[uint64]uint64{}, map[uint64]uint64{}, map[uint64]uint64{}
}

// take checks a frame of the tested side that has a number, and reports whether it is new.
func (a *accounts) take(seq uint64, f *parsed) (fresh bool, err error) {
	switch next := a.received.next(); {
	case seq < next:
		if !bytes.Equal(a.received[seq], f.raw) {
			return false, fmt.Errorf("§3.1: frame %d came again as %v, and not as it was", seq, f)
		}
		return false, nil
	case seq > next:
		return false, fmt.Errorf("§5.1: %v has number %d, expected %d", f, seq, next)
	}
	a.received = append(a.received, f.raw)
	return true, a.count(f)
}

// count charges a frame to its stream.
func (a *accounts) count(f *parsed) error {
	switch {
	case f.Type == TypeOpen:
		mine := a.p.attempts.dialing() == (f.Stream%2 == 1)
		if f.Stream == 0 || mine || f.Stream <= a.opened {
			return fmt.Errorf("§6: %v, after %d", f, a.opened)
		}
		a.opened = f.Stream
	case f.Type <= TypeAbandon:
		a.offsets[f.Stream] += uint64(len(f.raw))
		if limit := max(a.limits[f.Stream], uint64(a.p.Credit)); a.offsets[f.Stream] > limit {
			return fmt.Errorf("§6: %v goes to %d, the limit is %d", f, a.offsets[f.Stream], limit)
		}
	}
	return nil
}

func (a *accounts) uncount(f *parsed) {
	if f.Type <= TypeAbandon {
		a.offsets[f.Stream] -= uint64(len(f.raw))
	}
}

// ack checks an ACK of the tested side.
func (a *accounts) ack(f *parsed) error {
	n := f.Number(0)
	if n > a.sent.next() {
		return fmt.Errorf("§5.2: %v, sent were %d frames", f, a.sent.next())
	}
	if len(f.Body) > 8 {
		digest := binary.BigEndian.Uint64(f.Body[len(f.Body)-8:])
		if want := a.sent.digest(n); digest != want {
			return fmt.Errorf("§5.3: %v with digest %x, want %x", f, digest, want)
		}
	}
	if n < a.acked {
		return fmt.Errorf("§5.2: %v after one of %d", f, a.acked)
	}
	a.acked = n
	return nil
}

// credit checks a CREDIT of the tested side.
func (a *accounts) credit(f *parsed) error {
	stream, consumed, limit := f.Number(0), f.Number(1), f.Number(2)
	if limit < consumed || limit < a.granted[stream] {
		return fmt.Errorf("§6: %v after a limit of %d", f, a.granted[stream])
	}
	if limit-consumed > 20<<20 {
		return fmt.Errorf("§6: %v is a window above 20 MiB", f)
	}
	a.granted[stream] = limit
	return nil
}

// say notes what the peer itself says.
func (a *accounts) say(f Frame) {
	switch {
	case f.Type.Sequenced():
		a.sent = append(a.sent, f.Encode())
	case f.Type == TypeAck:
		a.told = max(a.told, f.Number(0))
	case f.Type == TypeCredit:
		a.limits[f.Number(0)] = max(a.limits[f.Number(0)], f.Number(2))
	}
}

// join continues from a position of the tested side's, as §4.6 wants it.
func (a *accounts) join(pos Position) error {
	switch {
	case pos.Next < a.acked || pos.Next > a.sent.next():
		return fmt.Errorf("§4.6: the tested side expects %d; it has acknowledged %d, and %d were sent", pos.Next, a.acked, a.sent.next())
	case pos.Digest != a.sent.digest(pos.Next):
		return fmt.Errorf("§5.3: digest %x of the frames below %d, want %x", pos.Digest, pos.Next, a.sent.digest(pos.Next))
	case pos.Oldest > a.received.next():
		return fmt.Errorf("§4.6: the tested side retains from %d, expected %d", pos.Oldest, a.received.next())
	case pos.Sent < a.received.next():
		return fmt.Errorf("§4.6: the tested side sends from %d, received %d", pos.Sent, a.received.next())
	}
	return nil
}
