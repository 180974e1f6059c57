package main

import (
	"fmt"
	"time"
)

var growthScenario = scenario{
	name: "growth",
	about: "What one more connection costs when there are many: heap and stacks of the server for each, and CPU " +
		"time of both sides for a round trip of 128 B, 20 in a row on one connection and then on another.",
	run: runGrowth,
}

const (
	growthMemory = "growth: memory a session, most sessions against fewest"
	growthCPU    = "growth: CPU a call, most sessions against fewest"
)

func runGrowth(b *bench) error {
	sizes, rounds := []int{10, 100, 1_000, 10_000}, 3
	if b.quick {
		sizes, rounds = []int{10, 100, 1_000}, 1
	}
	contenders := b.peersOf("coder", "brum")
	memory := &plot{Title: "Heap and stacks of the server, a session", Unit: "KiB", X: "sessions"}
	cpu := &plot{Title: "CPU time of both sides, a round trip", Unit: "µs", X: "sessions"}
	values := func(p *plot, name string) *series { return p.of(name) }
	for _, n := range sizes {
		if n > 1_000 {
			rounds = 1 // it takes long, and chance has less to say
		}
		heaps, costs := map[string][]float64{}, map[string][]float64{}
		err := b.interleave(fmt.Sprintf("growth: %d", n), rounds, len(contenders), func(i int) error {
			p := contenders[i]
			heap, cost, err := measureGrowth(p, n)
			heaps[p.name()] = append(heaps[p.name()], heap)
			costs[p.name()] = append(costs[p.name()], cost)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range contenders {
			values(memory, p.name()).put(float64(n), median(heaps[p.name()]))
			values(cpu, p.name()).put(float64(n), median(costs[p.name()]))
		}
	}
	b.report.Plots = append(b.report.Plots, memory, cpu)
	m := b.report.add("growth", growthMemory, "×", lower)
	c := b.report.add("growth", growthCPU, "×", lower)
	for _, p := range contenders {
		m.put(p.name(), values(memory, p.name()).growth())
		c.put(p.name(), values(cpu, p.name()).growth())
	}
	return nil
}

// growthCalls is how many round trips are made in all, whatever the number of connections.
const (
	growthCalls = 20_000
	growthRow   = 20  // on one connection
	growthStep  = 997 // from one connection to the next, so that they are spread over all
	// growthRest is how long the connections rest before calls are made: their beginning, with what
	// follows it, is not a call's.
	growthRest = 500 * time.Millisecond
)

func measureGrowth(p peer, n int) (heap, cost float64, err error) {
	t, err := newTrack(p)
	if err != nil {
		return 0, 0, err
	}
	defer t.stop()
	first, err := openIdle(p, t.server.addr, 8)
	defer func() { closeAll(first) }()
	if err != nil {
		return 0, 0, err
	}
	before, err := t.server.usage(true)
	if err != nil {
		return 0, 0, err
	}
	conns, err := openIdle(p, t.server.addr, n)
	defer func() { closeAll(conns) }()
	if err != nil {
		return 0, 0, err
	}
	after, err := t.server.usage(true)
	if err != nil {
		return 0, 0, err
	}
	heap = (float64(after.Heap) - float64(before.Heap)) / float64(n) / 1024
	cost, err = t.callAll(conns)
	return heap, cost, err
}

// callAll returns the CPU microseconds of a call, made on one connection after the other.
func (t *track) callAll(conns []conn) (float64, error) {
	for _, c := range conns {
		if err := c.send(command(opEcho, growthCalls)); err != nil {
			return 0, err
		}
		if _, err := calls(c, 128, 1); err != nil {
			return 0, err
		}
	}
	time.Sleep(growthRest)
	there, err := t.server.usage(false)
	if err != nil {
		return 0, err
	}
	here := measure(false)
	for i := range growthCalls / growthRow {
		if _, err := calls(conns[i*growthStep%len(conns)], 128, growthRow); err != nil {
			return 0, err
		}
	}
	hereAfter := measure(false)
	thereAfter, err := t.server.usage(false)
	return micros(hereAfter.CPU-here.CPU+thereAfter.CPU-there.CPU) / growthCalls, err
}
