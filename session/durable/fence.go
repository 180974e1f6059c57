package durable

import "fmt"

// party is what this side knows about both: the part of its journal that a hello is judged by.
type party struct {
	relation [16]byte
	self     life
	peer     life // zero while there was none
}

func (p *party) hello() hello { return hello{relation: p.relation, self: p.self, peer: p.peer} }

// judge decides about the peer's hello. accepted has to be on disk before anything is
// answered. The verdict is about the peer, unless the error says that it is this side which is
// refused: the peer knows a later life of it.
func (p *party) judge(h hello) (accepted party, err error) {
	accepted = *p
	var none [16]byte
	switch {
	case h.relation != none && p.relation != none && h.relation != p.relation:
		return accepted, &RefusedError{Reason: ReasonRelation}
	case h.self.generation < p.peer.generation:
		return accepted, &RefusedError{Reason: ReasonRolledBack,
			Detail: fmt.Sprintf("generation %d, %d was here before", h.self.generation, p.peer.generation)}
	case h.self.generation == p.peer.generation && h.self.nonce != p.peer.nonce:
		return accepted, &RefusedError{Reason: ReasonCloned, Detail: fmt.Sprintf("generation %d", h.self.generation)}
	case h.peer.generation > p.self.generation:
		return accepted, &RefusedError{Reason: ReasonRolledBack, ByPeer: true,
			Detail: fmt.Sprintf("generation %d, the peer knows %d", p.self.generation, h.peer.generation)}
	case h.peer.generation == p.self.generation && h.peer.nonce != p.self.nonce:
		return accepted, &RefusedError{Reason: ReasonCloned, ByPeer: true, Detail: fmt.Sprintf("generation %d", p.self.generation)}
	}
	if accepted.relation == none {
		accepted.relation = h.relation
	}
	accepted.peer = h.self
	return accepted, nil
}
