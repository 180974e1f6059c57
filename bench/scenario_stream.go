package main

import (
	"fmt"
	"strings"
	"time"
)

var streamScenario = scenario{
	name: "stream",
	about: "One way: a goroutine sends one message after the other, until the server's application " +
		"has had all of them. Round trip: a message goes out and comes back before the next. " +
		"64 outstanding: 64 goroutines send a request each and wait for its answer.",
	run: runStreams,
}

// load is a workload of one kind and size on one connection.
type load struct {
	name   string
	kind   string // for clients that are other programs
	size   int    // bytes of its messages
	unit   string
	better better
	// run does the work on c, about count messages or round trips.
	run func(c conn, size, count int) (outcome, error)
}

type outcome struct {
	value float64
	count int
	took  time.Duration
}

func loads() []load {
	list := []load{}
	for _, of := range []struct {
		size  int
		title string
	}{{64, "64 B"}, {1 << 10, "1 KiB"}, {64 << 10, "64 KiB"}, {1 << 20, "1 MiB"}} {
		list = append(list, load{"one way " + of.title, "one way", of.size, "msgs/s", higher, runOneWay})
	}
	return append(list,
		load{"round trip 128 B, p50", "round trip", 128, "µs", lower, runRoundTrips},
		load{"128 B, 64 outstanding", "outstanding", 128, "req/s", higher, runRequests},
	)
}

func runOneWay(c conn, size, count int) (outcome, error) {
	took, err := oneWay(c, size, count)
	return rate(count, took), err
}

func runRoundTrips(c conn, size, count int) (outcome, error) {
	began := time.Now()
	took, err := roundTrips(c, size, count)
	if err != nil {
		return outcome{}, err
	}
	p50 := took[len(took)/2]
	return outcome{float64(p50) / float64(time.Microsecond), count, time.Since(began)}, nil
}

const outstanding = 64

func runRequests(c conn, size, count int) (outcome, error) {
	count = max(count, outstanding)
	took, err := requests(c, size, outstanding, count)
	return rate(count-count%outstanding, took), err
}

func rate(count int, took time.Duration) outcome {
	return outcome{float64(count) / took.Seconds(), count, took}
}

// figuresOf a load, and what they are called.
func (l load) cpu() string   { return l.name + ": CPU" }
func (l load) sends() string { return l.name + ": allocations, client" }
func (l load) takes() string { return l.name + ": allocations, server" }

func carries(p peer, l load) bool {
	return p.maxMessage() == 0 || l.size <= p.maxMessage()
}

func runStreams(b *bench) error {
	tracks := make([]*track, len(b.peers))
	for i, p := range b.peers {
		t, err := newTrack(p)
		if err != nil {
			return err
		}
		defer t.stop()
		tracks[i] = t
	}
	for _, l := range loads() {
		if err := runLoad(b, l, tracks); err != nil {
			return err
		}
	}
	return nil
}

func runLoad(b *bench, l load, tracks []*track) error {
	var able []*track
	for _, t := range tracks {
		if !carries(t.p, l) {
			continue
		}
		if err := t.calibrate(l, b.each); err != nil {
			return err
		}
		able = append(able, t)
	}
	value := b.report.add("stream", l.name, l.unit, l.better)
	cpu := b.report.add("stream", l.cpu(), "s/M", lower)
	sends := b.report.add("stream", l.sends(), "a message", lower)
	takes := b.report.add("stream", l.takes(), "a message", lower)
	sends.Plain, takes.Plain = true, true
	return b.interleave(l.name, b.rounds, len(able), func(i int) error {
		t := able[i]
		_, s, err := t.measure(l, t.count)
		if err != nil {
			return err
		}
		value.put(t.p.name(), s.value)
		if s.cpu > 0 {
			cpu.put(t.p.name(), s.cpu)
		}
		if s.counted {
			sends.put(t.p.name(), s.client)
			takes.put(t.p.name(), s.server)
		}
		return nil
	})
}

// track is where one peer is measured: its server's process, and how much it can do.
type track struct {
	p      peer
	server *server
	client *foreignClient // nil unless the peer's client is another program
	count  int            // of messages that take about as long as wanted
}

func newTrack(p peer) (*track, error) {
	s, err := startServer(p)
	if err != nil {
		return nil, err
	}
	t := &track{p: p, server: s}
	if f, ok := p.(foreign); ok {
		if t.client, err = startForeign(f); err != nil {
			t.stop()
			return nil, err
		}
	}
	return t, nil
}

func (t *track) stop() {
	if t.client != nil {
		t.client.stop()
	}
	t.server.stop()
}

func (t *track) calibrate(l load, want time.Duration) error {
	count := 64
	for {
		o, _, err := t.measure(l, count)
		if err != nil {
			return err
		}
		if o.took >= want/4 {
			t.count = max(64, int(float64(count)*want.Seconds()/o.took.Seconds()))
			return nil
		}
		count *= 4
	}
}

// sample is what one run of a load showed.
type sample struct {
	value          float64
	cpu            float64 // seconds per million messages, both sides together
	client, server float64 // allocations per message
	counted        bool    // whether they are known
}

// patience is how long one run of a load may take, however slow the machine.
const patience = time.Minute

// measure runs a load on a connection of its own, after a shorter run that fills pools and
// windows.
func (t *track) measure(l load, count int) (outcome, sample, error) {
	fail := func(err error) (outcome, sample, error) {
		return outcome{}, sample{}, fmt.Errorf("%s, %s: %w", t.p.name(), l.name, err)
	}
	run, done, err := t.begin(l)
	if err != nil {
		return fail(err)
	}
	defer done()
	if _, err := run(max(64, count/10)); err != nil {
		return fail(err)
	}
	there, err := t.server.usage(false)
	if err != nil {
		return fail(err)
	}
	here, err := t.usage()
	if err != nil {
		return fail(err)
	}
	o, err := run(count)
	if err != nil {
		return fail(err)
	}
	hereAfter, err := t.usage()
	if err != nil {
		return fail(err)
	}
	thereAfter, err := t.server.usage(false)
	if err != nil {
		return fail(err)
	}
	n := float64(o.count)
	cpu := hereAfter.CPU - here.CPU + thereAfter.CPU - there.CPU
	return o, sample{
		value:   o.value,
		cpu:     cpu.Seconds() / n * 1e6,
		client:  float64(hereAfter.Mallocs-here.Mallocs) / n,
		server:  float64(thereAfter.Mallocs-there.Mallocs) / n,
		counted: thereAfter.Mallocs > 0,
	}, nil
}

// begin opens a connection and returns what works on it.
func (t *track) begin(l load) (run func(count int) (outcome, error), done func(), err error) {
	if t.client != nil {
		return t.client.begin(t.server.addr, l)
	}
	c, err := t.p.dial(t.server.addr)
	if err != nil {
		return nil, nil, err
	}
	late := time.AfterFunc(patience, func() { c.close() })
	return func(count int) (outcome, error) { return l.run(c, l.size, count) },
		func() { late.Stop(); c.close() }, nil
}

// usage is the client's.
func (t *track) usage() (usage, error) {
	if t.client != nil {
		return t.client.usage()
	}
	return measure(false), nil
}

// key makes a name fit for a benchmark's.
func key(name string) string {
	return strings.NewReplacer(",", "", " ", "_").Replace(name)
}
