package sessiontest

// Fate is what becomes of a dial.
type Fate uint8

const (
	// Connected: it succeeds.
	Connected Fate = iota
	// Dying: it succeeds, and the connection dies as the Plan says.
	Dying
	// Refused: it fails at once, as where nobody listens.
	Refused
	// Swallowed: nothing answers; the dial ends with its context.
	Swallowed
	// ReplyLost: what the dialer says arrives, and no answer ever does.
	ReplyLost
	// Doubled: what the dialer says arrives a second time on a connection of its own, whose
	// answers go nowhere.
	Doubled
	// Overtaken: what the dialer says arrives only when a later dial was answered.
	Overtaken
)

func (f Fate) String() string {
	return [...]string{"connected", "dying", "refused", "swallowed", "reply lost", "doubled", "overtaken"}[f]
}

// Plan is what is to become of one dial.
type Plan struct {
	Fate Fate
	// For a dying connection: how it ends once After bytes were carried in Direction.
	Direction Direction
	After     int64
	Ending    Ending
}

// Plan sets what becomes of the next dials, one after the other, behind those that were
// planned before. A dial without a plan meets the network's usual fate.
func (n *Network) Plan(plans ...Plan) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.plans = append(n.plans, plans...)
}

// Usually sets what becomes of dials without a plan. The fate of a Dying one needs a plan.
func (n *Network) Usually(f Fate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.usually = f
}

// next takes the plan of a dial that begins. mu is held.
func (n *Network) next() Plan {
	n.dials++
	if len(n.plans) == 0 {
		return Plan{Fate: n.usually}
	}
	p := n.plans[0]
	n.plans = n.plans[1:]
	return p
}
