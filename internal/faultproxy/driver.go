package faultproxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Driver makes trouble on a proxy, at random but the same for the same seed. Its methods
// must not be called concurrently.
type Driver struct {
	proxy *Proxy
	rand  *rand.Rand
}

// NewDriver returns a driver of p.
func NewDriver(p *Proxy, seed uint64) *Driver {
	return &Driver{proxy: p, rand: rand.New(rand.NewPCG(seed, 0))}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Trouble is a kind of fault that a Driver can make.
type Trouble int

const (
	CutNow        Trouble = iota // RST or FIN, at once
	CutMidFrame                  // RST or FIN after some bytes of a direction
	SilentDrop                   // both directions lose everything, without an end
	HalfOpen                     // one direction does
	LateEnd                      // RST for the client, which the target learns later
	RefusedDials                 // RST, and new connections are refused for a while
	SwallowedDial                // RST, and new connections are swallowed for a while
	troubles
)

var troubleNames = [troubles]string{"cut", "cut in mid-frame", "silent drop", "half-open", "late end", "refused dials", "swallowed dials"}

func (t Trouble) String() string { return troubleNames[t] }

// AllTroubles are all kinds of trouble.
func AllTroubles() []Trouble {
	all := make([]Trouble, troubles)
	for i := range all {
		all[i] = Trouble(i)
	}
	return all
}

// Step makes one trouble out of kinds, lets it last for at most longest, and heals the proxy. It
// returns what it did. Connections that lost bytes stay silent after that: finding out is
// up to the peers. The error is ctx's.
func (d *Driver) Step(ctx context.Context, kinds []Trouble, longest time.Duration) (string, error) {
	defer d.proxy.Heal()
	t := kinds[d.rand.IntN(len(kinds))]
	how := Ending(d.rand.IntN(2))
	dir := Direction(d.rand.IntN(2))
	bytes := 1 + d.rand.IntN(16<<10)
	lasting := time.Duration(d.rand.Int64N(int64(longest) + 1))

	what := fmt.Sprintf("%v for %v", t, lasting)
	switch t {
	case CutNow:
		d.proxy.Cut(how)
		return fmt.Sprintf("%v by %v", t, how), ctx.Err()
	case CutMidFrame:
		what = fmt.Sprintf("%v by %v after %d bytes %v, within %v", t, how, bytes, dir, lasting)
		d.proxy.CutAfter(dir, bytes, how)
	case SilentDrop:
		d.proxy.Drop()
	case HalfOpen:
		what = fmt.Sprintf("%v: nothing %v for %v", t, dir, lasting)
		d.proxy.Drop(dir)
	case LateEnd:
		d.proxy.DelayEnd(lasting)
		d.proxy.CutClients()
	case RefusedDials:
		d.proxy.Admit(Refuse)
		d.proxy.Cut(how)
	case SwallowedDial:
		d.proxy.Admit(Swallow)
		d.proxy.Cut(how)
	}
	return what, sleep(ctx, lasting)
}
