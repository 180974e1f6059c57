package journal

import "math/rand/v2"

// What tests of a channel over a journal, which stand outside of this package, need of it.

// ChannelChild is what a child process of theirs does, by its arguments.
var ChannelChild func(args string) error

const channelChildVar = "BRUM_CHANNEL_CHILD"

// ChannelChildVar is where a child process finds its arguments.
const ChannelChildVar = channelChildVar

// KilledAt returns options under which the process kills itself at the step for which at
// says so, when that part of it is done.
func KilledAt(o Options, at func(step int, op string) (part float64, kill bool)) *Options {
	o.fs = &faultFS{fileSystem: osFS{}, at: func(step int, op string) fault {
		part, kill := at(step, op)
		return fault{part: part, kill: kill}
	}}
	return &o
}

// Power is a disk whose power fails.
type Power struct{ fs *powerFS }

func NewPower(r *rand.Rand) *Power { return &Power{newPowerFS(r)} }

// On returns options for a journal on the disk.
func (p *Power) On(o Options) *Options {
	o.fs = p.fs
	return &o
}

// FailAfter lets the power fail after a number of steps.
func (p *Power) FailAfter(steps int) {
	p.fs.mu.Lock()
	defer p.fs.mu.Unlock()
	p.fs.left = steps
}

// Cut is what is there after the power has come back.
func (p *Power) Cut() { p.fs.cut() }
