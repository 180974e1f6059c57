package main

import (
	"fmt"
	"math"
)

// target is what brum is asked to reach.
type target struct {
	work   string // what people call it
	figure string
	of     string // the contender; "": brum
	// against is the contender that the limit is a multiple of; "": the limit is the value.
	against string
	// than is the figure of against, if that is another one.
	than  string
	bound bound
	limit float64
	// but is what a reader has to know who sees it missed.
	but string
}

type bound uint8

const (
	atLeast bound = iota
	atMost
)

func targets() []target {
	return []target{
		{work: "one way 64 B", figure: "one way 64 B", against: baseline, bound: atLeast, limit: 10},
		{work: "one way 1 KiB", figure: "one way 1 KiB", against: baseline, bound: atLeast, limit: 2},
		{work: "one way 64 KiB", figure: "one way 64 KiB", against: baseline, bound: atLeast, limit: 2.5},
		{work: "one way 1 MiB", figure: "one way 1 MiB", against: baseline, bound: atLeast, limit: 3},
		{work: "round trip 128 B, p50", figure: "round trip 128 B, p50", against: baseline, bound: atMost, limit: 1.05},
		{work: "128 B, 64 outstanding", figure: "128 B, 64 outstanding", against: baseline, bound: atLeast, limit: 2},
		{work: "durable 128 B, 1 at a time", figure: durableFigure(128, 1), against: jetName, bound: atLeast, limit: 1},
		{work: "durable 128 B, 64 at a time", figure: durableFigure(128, outstanding), against: jetName, bound: atLeast, limit: 1},
		{work: "durable 128 B, 64 at a time, until committed", figure: committedFigure(128, outstanding), of: committing, against: jetName, bound: atLeast, limit: 1},
		{work: "MCP tools/call", figure: mcpFigure(1), against: baseline, bound: atLeast, limit: 0.95},
		{work: "MCP tools/call", figure: mcpFigure(1), against: "http", bound: atLeast, limit: 1.3,
			but: "the SDK speaks " + mcpOlder + " over HTTP and a later version over all else, whose calls are larger and are parsed more often: " +
				"the calls are not the same. They are in the next row. Most of a call's time is the SDK's own and the system's, and no transport can save it."},
		{work: "MCP tools/call, all in " + mcpOlder, figure: mcpOlderFigure, against: "http", bound: atLeast, limit: 1.3},
		{work: "allocations of 64 B, sender", figure: "one way 64 B: allocations, client", bound: atMost, limit: 0.01},
		{work: "allocations of 64 B, receiver", figure: "one way 64 B: allocations, server", bound: atMost, limit: 1},
		{work: "idle session, server, RSS", figure: idleRSS, against: baseline, bound: atMost, limit: 1.15},
		{work: "idle session, server, goroutines beside the application's", figure: sessionGoroutines, bound: atMost, limit: 2},
		{work: "10,000 idle, heartbeats, CPU", figure: heartbeatFigure, against: baseline, bound: atMost, limit: 1.2},
		{work: "resume after RST, first message back", figure: resumeFigure, against: baseline, bound: atMost, limit: 1.2},
		{work: "replay of 10,000 × 1 KiB", figure: replayFigure, against: ours, than: replayNormal, bound: atLeast, limit: 0.9},
		{work: "storm of 2,000", figure: stormFigure(2_000), against: baseline, bound: atMost, limit: 1.2},
		{work: "storm of 10,000", figure: stormFigure(10_000), against: baseline, bound: atMost, limit: 1.2},
		{work: "RST cuts under load, median back, ms", figure: cutsBack, bound: atMost, limit: 5},
		{work: "RST cuts under load, lost", figure: cutsLost, bound: atMost, limit: 0},
		{work: "RST cuts under load, doubled", figure: cutsDoubled, bound: atMost, limit: 0},
		{work: "black hole, then open: next message, ms", figure: holeBack, bound: atMost, limit: 3_000},
		{work: "black hole while idle, then open: next message, ms", figure: holeIdle, bound: atMost, limit: 35_000},
		{work: "call beside 64 MiB, added to p99, ms", figure: bulkAdded, bound: atMost, limit: 5},
		{work: "120 ms, 1 Gbit/s, default windows", figure: longPathFigure, against: "tcp", bound: atLeast, limit: 0.9},
		{work: "120 ms, 1 Gbit/s, wide windows", figure: longPathFigure, of: wideName, against: "tcp", bound: atLeast, limit: 0.9},
		{work: "growth of memory a session to 10,000", figure: growthMemory, bound: atMost, limit: 1.15},
		{work: "growth of CPU a call to 10,000, against coder's", figure: growthCPU, against: baseline, bound: atMost, limit: 1.15},
	}
}

// verdict says how a target stands.
type verdict string

const (
	met        verdict = "met"
	missed     verdict = "**missed**"
	unmeasured verdict = "not measured"
)

func (t target) contender() string {
	if t.of == "" {
		return ours
	}
	return t.of
}

// reached is the value that counts, NaN if it was not measured.
func (t target) reached(r *report) float64 {
	f := r.find(t.figure)
	switch {
	case f == nil:
		return math.NaN()
	case t.against == "":
		return f.value(t.contender())
	case t.than == "":
		return f.ratio(t.contender(), t.against)
	}
	other := r.find(t.than)
	if other == nil {
		return math.NaN()
	}
	both := figure{Cells: map[string][]float64{"a": f.Cells[t.contender()], "b": other.Cells[t.against]}}
	return both.ratio("a", "b")
}

func (t target) verdict(r *report) verdict {
	v := t.reached(r)
	switch {
	case math.IsNaN(v):
		if f := r.find(t.figure); f != nil && f.Notes[t.contender()] != "" {
			return missed // it was waited for in vain
		}
		return unmeasured
	case t.bound == atLeast && v >= t.limit, t.bound == atMost && v <= t.limit:
		return met
	default:
		return missed
	}
}

// asked is the limit in words.
func (t target) asked() string {
	sign := map[bound]string{atLeast: "≥", atMost: "≤"}[t.bound]
	if t.against == "" {
		return fmt.Sprintf("%s %s", sign, format(t.limit))
	}
	against := t.against
	if t.than != "" {
		against = t.than
	}
	return fmt.Sprintf("%s %s × %s", sign, format(t.limit), against)
}

// got is what was reached, in words.
func (t target) got(r *report) string {
	v := t.reached(r)
	switch f := r.find(t.figure); {
	case f == nil:
		return "–"
	case math.IsNaN(v) && f.Notes[t.contender()] != "":
		return f.Notes[t.contender()]
	case math.IsNaN(v):
		return "–"
	case t.against == "":
		return format(v)
	default:
		return "× " + format(v)
	}
}
