package main

import (
	"fmt"
	"time"
)

// scenario is a workload of one kind and size.
type scenario struct {
	name  string
	size  int // bytes of its messages
	unit  string
	lower bool // lower values are better
	// run does the work on c, about count messages or round trips, and returns the
	// scenario's value, and how much was done in what time.
	run func(c conn, count int) (outcome, error)
}

type outcome struct {
	value float64
	count int
	took  time.Duration
}

func scenarios() []scenario {
	list := []scenario{
		oneWayScenario("one way 64 B", 64),
		oneWayScenario("one way 1 KiB", 1<<10),
		oneWayScenario("one way 64 KiB", 64<<10),
		oneWayScenario("one way 1 MiB", 1<<20),
	}
	return append(list,
		scenario{name: "round trip 128 B, p50", size: 128, unit: "µs", lower: true, run: func(c conn, count int) (outcome, error) {
			began := time.Now()
			took, err := roundTrips(c, 128, count)
			if err != nil {
				return outcome{}, err
			}
			p50 := took[len(took)/2]
			return outcome{float64(p50) / float64(time.Microsecond), count, time.Since(began)}, nil
		}},
		scenario{name: "128 B, 64 outstanding", size: 128, unit: "req/s", run: func(c conn, count int) (outcome, error) {
			const callers = 64
			took, err := requests(c, 128, callers, max(count, callers))
			return rate(count, took), err
		}},
	)
}

func oneWayScenario(name string, size int) scenario {
	return scenario{name: name, size: size, unit: "msgs/s", run: func(c conn, count int) (outcome, error) {
		took, err := oneWay(c, size, count)
		return rate(count, took), err
	}}
}

func rate(count int, took time.Duration) outcome {
	return outcome{float64(count) / took.Seconds(), count, took}
}

// sample is what one run of a scenario showed.
type sample struct {
	value  float64
	cpu    float64 // seconds per million messages, both sides together
	allocs float64 // per message, both sides together
}

// calibrate finds how many messages of a scenario take about as long as wanted.
func (sc scenario) calibrate(p peer, s *server, want time.Duration) (int, error) {
	count := 64
	for {
		o, _, err := sc.measure(p, s, count)
		if err != nil {
			return 0, err
		}
		if o.took >= want/4 {
			return max(64, int(float64(count)*want.Seconds()/o.took.Seconds())), nil
		}
		count *= 4
	}
}

// measure runs a scenario on a connection of its own.
func (sc scenario) measure(p peer, s *server, count int) (outcome, sample, error) {
	c, err := p.dial(s.addr)
	if err != nil {
		return outcome{}, sample{}, err
	}
	defer c.close()
	if _, err := sc.run(c, max(64, count/10)); err != nil { // connects, and fills pools and windows
		return outcome{}, sample{}, fmt.Errorf("%s, %s: %w", p.name(), sc.name, err)
	}
	there, err := s.usage(false)
	if err != nil {
		return outcome{}, sample{}, err
	}
	here := measure(false)
	o, err := sc.run(c, count)
	if err != nil {
		return outcome{}, sample{}, fmt.Errorf("%s, %s: %w", p.name(), sc.name, err)
	}
	hereAfter := measure(false)
	thereAfter, err := s.usage(false)
	if err != nil {
		return outcome{}, sample{}, err
	}
	cpu := hereAfter.CPU - here.CPU + thereAfter.CPU - there.CPU
	allocs := hereAfter.Mallocs - here.Mallocs + thereAfter.Mallocs - there.Mallocs
	return o, sample{
		value:  o.value,
		cpu:    cpu.Seconds() / float64(o.count) * 1e6,
		allocs: float64(allocs) / float64(o.count),
	}, nil
}
