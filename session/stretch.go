package session

import "time"

// bounds are how far windows may grow: any, and those of a long path.
type bounds struct {
	ordinary, most int
}

// longRound is a round trip from which on windows are looked at flight by flight: below it they
// have grown before anybody could notice.
const longRound = 10 * time.Millisecond

// pathBytes is the most that a path of that round trip is taken to hold: what 4 Gbit/s, half a byte
// in a nanosecond, fill it with. So what is short has nothing beyond its ordinary bounds, however
// busy it is; there a window that is too large is slow, too.
func pathBytes(rtt time.Duration) int { return int(min(rtt.Nanoseconds()/2, 1<<31-1)) }

// room makes room in the send log for a frame of n bytes.
func (c *core) room(n int) space {
	if s := c.log.reserve(n, &c.log.ordinary); s != spaceReplay || !c.stretches() {
		return s
	}
	wide := c.cfg.stretchedReplay(pathBytes(c.live.rtt))
	return c.log.reserve(n, &wide)
}

// stretches reports whether it is only the send log's ordinary extent that holds senders up: the
// link is beyond doubt, acknowledgements come, and all that there is has left already. How much the
// path is worth, the peer's credit says. Without such a link, what is beyond the ordinary only
// goes.
func (c *core) stretches() bool {
	return c.cfg.LongPath > 0 && c.link == linkUp && c.moving &&
		c.live.probe.phase != probePending && !c.hold.on() &&
		c.log.unsentBytes(burst) < burst
}
