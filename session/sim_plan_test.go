package session

import "time"

// plan is what kind of day it is.
type plan struct {
	length      time.Duration
	troubles    int
	heartbeat   time.Duration
	window      time.Duration
	detachedFor time.Duration
	maxDetached int
	replayBytes int
	replayCount int
	credit      int
	maxCredit   int
	longPath    int // beyond replayBytes and maxCredit, however small they are
	budget      int
	owner       bool

	burst   int
	gap     time.Duration
	large   int // above a fragment
	streams int // each side opens
	quota   int // bytes of larger messages

	// messages are sent at the plan's pace; those above them seldom.
	messages uint64

	sndBuf int
	hellos int
	bulk   bool // in the evening: the window has to grow

	trickle bool // in the evening: a slow path
	talk    bool // in the evening: one side does all the talking
}

// draw draws the plan of a day.
func (d *day) draw() {
	pick := func(list ...int) int { return list[d.rng.IntN(len(list))] }
	length := []time.Duration{2 * time.Minute, 10 * time.Minute, 10 * time.Minute, time.Hour, time.Hour, 5 * time.Hour}[d.rng.IntN(6)]
	if d.chance(40) {
		length = 30 * time.Hour
	}
	d.plan = plan{
		length: length, troubles: 2 + d.rng.IntN(40),
		heartbeat: DefaultHeartbeat, window: DefaultWindow,
		detachedFor: []time.Duration{DefaultDetachedFor, DefaultDetachedFor, time.Hour, 5 * time.Minute}[d.rng.IntN(4)],
		maxDetached: pick(DefaultMaxDetached, DefaultMaxDetached, 1),
		replayBytes: pick(DefaultReplayBytes, DefaultReplayBytes, 2*largeBlock, 1<<20),
		replayCount: pick(DefaultReplayMessages, DefaultReplayMessages, 2, 40),
		credit:      pick(DefaultCredit, DefaultCredit, minCredit),
		maxCredit:   pick(DefaultMaxCredit, DefaultMaxCredit, minCredit),
		budget:      pick(DefaultBudgetBytes, DefaultBudgetBytes, 1<<20, 3<<20),
		owner:       d.chance(2),
		burst:       pick(3, 10, 60),
		gap:         d.about(max(50*time.Millisecond, length/1000), length/10),
		large:       pick(60<<10, 300<<10, 900<<10),
		streams:     pick(0, 0, 2, 6),
		quota:       pick(1<<20, 4<<20, 8<<20),
		sndBuf:      pick(64<<10, 512<<10, 4<<20),
		hellos:      pick(0, 1, 2),
		bulk:        d.chance(4),
		trickle:     d.chance(6),
		talk:        d.chance(6),
		messages:    6000,
	}
	if d.seed%3 > 0 {
		d.plan.longPath = DefaultLongPath
	}
	if d.chance(4) {
		d.plan.heartbeat = d.about(500*time.Millisecond, 10*time.Second)
		d.plan.window = 2*d.plan.heartbeat + maxProbe
	}
}

func (d *day) begin() {
	d.net = simNet{d: d}
	d.net.weather()
	for i, name := range []string{"A", "B"} {
		d.hosts[i] = &simHost{d: d, name: name, side: side(i)}
		d.hosts[i].clock = simClock{began: time.Unix(1_800_000_000, 0).Add(d.between(-time.Hour, time.Hour)), sleepless: d.chance(4)}
	}
	d.startB()
	d.startA(false)
	for range d.plan.troubles {
		d.at(d.between(0, d.plan.length), d.trouble)
	}
	d.spawn(nil, d.inspect)
}

// weather makes a path.
func (n *simNet) weather() {
	n.delay = n.d.about(100*time.Microsecond, 400*time.Millisecond) / 2
	n.jitter = time.Duration(float64(n.delay) * n.d.rng.Float64() / 2)
	n.rate = float64(n.d.about(15_000, 100_000_000))
	n.d.note("net", "path", int64(n.delay), int64(n.rate))
}

func (p *plan) config(budget *Budget) Config {
	cfg, err := (&Config{
		Key: testKey, Heartbeat: p.heartbeat, Window: p.window, DetachedFor: p.detachedFor,
		ReplayBytes: p.replayBytes, ReplayMessages: p.replayCount, Credit: p.credit, MaxCredit: p.maxCredit,
		LongPath: p.longPath, Budget: budget,
	}).resolve()
	if err != nil {
		panic(err)
	}
	return cfg
}

// startB starts the accepting side's program.
func (d *day) startB() {
	p := d.hosts[sideB].start()
	d.port, d.captured = p, nil
	p.acc = &Acceptor{
		cfg:  AcceptorConfig{Config: d.plan.config(p.budget), MaxSessions: DefaultMaxSessions, MaxDetached: d.plan.maxDetached, DetachedBytes: DefaultDetachedBytes},
		self: p.life, incoming: make(chan *Session, backlog), done: make(chan struct{}), sessions: map[ID]*Session{},
	}
	d.spawn(p, func(t *task) {
		for {
			for len(p.acc.incoming) == 0 {
				t.suspend(func(resume func()) { p.accepting = resume })
			}
			x := p.driverOf(<-p.acc.incoming)
			x.note("accepts session", int64(x.pair.n), 0)
			x.use()
		}
	})
}

// startA starts a dialing program: one session after another.
func (d *day) startA(rival bool) {
	p := d.hosts[sideA].start()
	p.rival = rival
	owner := ID{}
	if d.plan.owner {
		owner = ID{7}
	}
	d.spawn(p, func(t *task) {
		for !d.evening {
			x := p.dialSession(owner)
			x.use()
			if rival && d.chance(2) {
				t.wait(x, d.about(time.Second, time.Minute), func() bool { return x.over })
				x.close()
			}
			t.wait(x, 0, func() bool { return x.over })
			if rival {
				return
			}
			t.sleep(d.about(10*time.Millisecond, 10*time.Second))
		}
	})
}

// inspect looks at everything now and then, also when nothing happens.
func (d *day) inspect(t *task) {
	for {
		t.sleep(min(10*time.Second, d.plan.length/100))
		for _, x := range d.live() {
			if x.proc.runs() {
				x.judge.look(x)
			}
			x.proc.accounts()
		}
	}
}

// live are all ends whose processes live.
func (d *day) live() (list []*simDriver) {
	for _, p := range d.pairs {
		for _, x := range p.ends {
			if x != nil && x.proc.alive {
				list = append(list, x)
			}
		}
	}
	return list
}
