package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
)

var cutsScenario = scenario{
	name: "cuts",
	about: "RST cuts while numbered messages of 64 B go both ways: how long until the client's application " +
		"has a message again, how many messages were lost and how many came twice. Peers that do not " +
		"reconnect by themselves are dialled at once, and a message that the connection refused is sent again.",
	run: runCuts,
}

const (
	cutsBack    = "RST cuts under load: median back"
	cutsLost    = "RST cuts under load: lost"
	cutsDoubled = "RST cuts under load: doubled"
)

// breakable are the peers that are worth cutting. Those that wait before they come back are
// measured at the same time, the others one by one.
func breakable(b *bench) (prompt, waiting []peer) {
	prompt = b.peersOf("coder", "brum", "gws", "grpc")
	for _, p := range b.peersOf("nats", "centrifuge", "socket.io") {
		if _, ok := p.(centrifugePeer); ok {
			p = recoveringCentrifuge{}
		}
		waiting = append(waiting, p)
	}
	return prompt, waiting
}

// column is the contender that a breakable peer is a form of.
func column(p peer) string { return strings.TrimSuffix(p.name(), "-recovery") }

type cutsResult struct {
	back          []float64 // milliseconds
	lost, doubled int
}

func runCuts(b *bench) error {
	count, cuts := 100_000, 20
	if b.quick {
		count, cuts = 20_000, 8
	}
	back := b.report.add("cuts", cutsBack, "ms", lower)
	lost := b.report.add("cuts", cutsLost, fmt.Sprintf("of %d", 2*count), lower)
	doubled := b.report.add("cuts", cutsDoubled, fmt.Sprintf("of %d", 2*count), lower)
	lost.Plain, doubled.Plain = true, true
	var mu sync.Mutex
	one := func(p peer) error {
		r, err := cutWhileTalking(p, count, cuts)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
		mu.Lock()
		defer mu.Unlock()
		back.put(column(p), median(r.back))
		lost.put(column(p), float64(r.lost))
		doubled.put(column(p), float64(r.doubled))
		return nil
	}
	prompt, waiting := breakable(b)
	for _, p := range prompt {
		progress("cuts: %s", p.name())
		if err := one(p); err != nil {
			return err
		}
	}
	if b.quick {
		return nil
	}
	progress("cuts: those that wait before they come back")
	return together(waiting, one)
}

// together calls f for all at once.
func together(peers []peer, f func(peer) error) error {
	errs := make(chan error, len(peers))
	for _, p := range peers {
		go func() { errs <- f(p) }()
	}
	var first error
	for range peers {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}

// brokenTalk is an exchange over a proxy that can be told to misbehave.
type brokenTalk struct {
	*track
	talker
	proxy  *faultproxy.Proxy
	number int
	count  int
}

func newBrokenTalk(p peer, count, pace int) (*brokenTalk, error) {
	t, err := newTrack(p)
	if err != nil {
		return nil, err
	}
	b, err := t.breakTalk(count, pace)
	if err != nil {
		t.stop()
	}
	return b, err
}

func (t *track) breakTalk(count, pace int) (*brokenTalk, error) {
	proxy, err := faultproxy.New(t.server.addr)
	if err != nil {
		return nil, err
	}
	b := &brokenTalk{track: t, proxy: proxy, number: exchangeNumber(1, count), count: count}
	if b.talker, err = t.startTalk(proxy.Addr(), b.number, count, pace); err != nil {
		proxy.Close()
		return nil, err
	}
	return b, nil
}

// hangUp ends the exchange, and not the processes.
func (t *brokenTalk) hangUp() {
	t.talker.close()
	t.proxy.Close()
}

func (t *brokenTalk) end() {
	t.hangUp()
	t.stop()
}

const cutsPace = 25 // messages a millisecond each way

func cutWhileTalking(p peer, count, cuts int) (cutsResult, error) {
	t, err := newTrack(p)
	if err != nil {
		return cutsResult{}, err
	}
	defer t.stop()
	return cutWhileTalkingOn(t, count, cuts)
}

func cutWhileTalkingOn(tr *track, count, cuts int) (cutsResult, error) {
	t, err := tr.breakTalk(count, cutsPace)
	if err != nil {
		return cutsResult{}, err
	}
	defer t.hangUp()
	var r cutsResult
	leg := count / (cuts + 1)
	for i := range cuts {
		if err := t.allow((i + 1) * leg); err != nil {
			return r, err
		}
		if err := t.until(time.Minute, func(s standing) bool { return s.Sent >= i*leg+leg/2 }); err != nil {
			return r, err
		}
		back, err := t.cut((i + 1) * leg)
		if err != nil {
			return r, err
		}
		r.back = append(r.back, float64(back)/float64(time.Millisecond))
	}
	if err := t.allow(count); err != nil {
		return r, err
	}
	r.lost, r.doubled, err = t.settle()
	return r, err
}

const look = 200 * time.Microsecond

// until waits for the client's side to stand as wanted.
func (t *brokenTalk) until(limit time.Duration, wanted func(standing) bool) error {
	began := time.Now()
	for {
		s, err := t.talker.standing()
		if err != nil || wanted(s) {
			return err
		}
		if time.Since(began) > limit {
			return fmt.Errorf("no progress within %s: %+v", limit, s)
		}
		time.Sleep(look)
	}
}

// cut resets the connection and returns how long it takes until a message has come over
// another one. allowed is how many messages may be sent; should all of them have been lost,
// more follow, one by one.
func (t *brokenTalk) cut(allowed int) (time.Duration, error) {
	connections := t.proxy.Counters().Forwarded
	began := time.Now()
	t.proxy.Cut(faultproxy.RST)
	for t.proxy.Counters().Forwarded == connections {
		if time.Since(began) > time.Minute {
			return 0, fmt.Errorf("no new connection within a minute")
		}
		time.Sleep(look)
	}
	before, err := t.talker.standing()
	if err != nil {
		return 0, err
	}
	more := time.Now()
	err = t.until(time.Minute, func(s standing) bool {
		if time.Since(more) > 100*time.Millisecond {
			more = time.Now()
			allowed++
			t.allow(allowed)
		}
		return s.Received > before.Received
	})
	return time.Since(began), err
}

// calm is how long nothing may happen before what is missing counts as lost.
const calm = 5 * time.Second

// settle lets the exchange end and says what is missing and what came twice, both ways.
func (t *brokenTalk) settle() (lost, doubled int, err error) {
	if err := t.until(2*time.Minute, func(s standing) bool { return s.Sent == t.count }); err != nil {
		return 0, 0, err
	}
	last, changed := [2]standing{}, time.Now()
	for {
		here, err := t.talker.standing()
		if err != nil {
			return 0, 0, err
		}
		there, err := t.server.question(question{Exchange: t.number, Release: true})
		if err != nil {
			return 0, 0, err
		}
		now := [2]standing{here, there.Standing}
		if now != last {
			last, changed = now, time.Now()
		}
		lost = 2*t.count - here.Received - there.Standing.Received
		doubled = here.Doubled + there.Standing.Doubled
		if (lost == 0 && time.Since(changed) > calm/20) || time.Since(changed) > calm {
			return lost, doubled, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}
