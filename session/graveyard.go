package session

// graveSize is how many tombstones are kept.
const graveSize = 1024

// graveyard remembers how far sessions that have ended had received, so that a peer that
// did not hear of the end can still settle its messages. The oldest entries give way.
type graveyard struct {
	next map[ID]uint64
	ring []ID
	at   int
}

func (g *graveyard) add(id ID, next uint64) {
	if g.next == nil {
		g.next = make(map[ID]uint64)
	}
	if _, known := g.next[id]; !known {
		if len(g.ring) < graveSize {
			g.ring = append(g.ring, id)
		} else {
			delete(g.next, g.ring[g.at])
			g.ring[g.at] = id
			g.at = (g.at + 1) % graveSize
		}
	}
	g.next[id] = next
}

func (g *graveyard) find(id ID) (next uint64, ok bool) {
	next, ok = g.next[id]
	return next, ok
}
