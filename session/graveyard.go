package session

// graveSize is how many tombstones are kept.
const graveSize = 1024

// epitaph is how a session ended: by a close or not, and the final cursors. They mean
// something to the life of the peer that it was held with only.
type epitaph struct {
	status         refusal
	peer           incarnation
	rxNext, txNext uint64
}

// graveyard remembers how sessions ended, so that a peer that did not hear of the end can
// still settle its messages. The oldest entries give way.
type graveyard struct {
	graves map[ID]epitaph
	ring   []ID
	at     int
}

func (g *graveyard) add(id ID, e epitaph) {
	if g.graves == nil {
		g.graves = make(map[ID]epitaph)
	}
	if _, known := g.graves[id]; !known {
		if len(g.ring) < graveSize {
			g.ring = append(g.ring, id)
		} else {
			delete(g.graves, g.ring[g.at])
			g.ring[g.at] = id
			g.at = (g.at + 1) % graveSize
		}
	}
	g.graves[id] = e
}

func (g *graveyard) find(id ID) (e epitaph, ok bool) {
	e, ok = g.graves[id]
	return e, ok
}
