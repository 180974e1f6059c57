package main

import (
	"fmt"
	"strconv"
	"time"
)

var heartbeatScenario = scenario{
	name: "heartbeat",
	about: "10,000 idle connections with a heartbeat every 15 s, that of brum's own and a Ping of " +
		"coder/websocket's for each connection, at the same time in processes of their own: CPU time of both sides.",
	slow: true,
	run:  runHeartbeat,
}

const heartbeatFigure = "10,000 idle, heartbeat every 15 s: CPU"

const (
	heartbeatConnections = 10_000
	heartbeatLasts       = 45 * time.Second
)

func runHeartbeat(b *bench) error {
	f := b.report.add("heartbeat", heartbeatFigure, "ms/s", lower)
	contenders := b.peersOf("coder", "brum")
	sides := make([][]*server, len(contenders))
	for i, p := range contenders {
		progress("heartbeat: %s opens %d connections", p.name(), heartbeatConnections)
		s, err := startServer(p)
		if err != nil {
			return err
		}
		defer s.stop()
		cmd, err := self("-hold", p.name(), "-at", s.addr, "-connections", strconv.Itoa(heartbeatConnections))
		if err != nil {
			return err
		}
		holder, err := startProcess("idle connections of "+p.name(), cmd)
		if err != nil {
			return err
		}
		defer holder.stop()
		sides[i] = []*server{s, holder}
	}
	time.Sleep(2 * time.Second)
	before, err := spent(sides)
	if err != nil {
		return err
	}
	for left := heartbeatLasts; left > 0; left -= time.Second {
		progress("heartbeat: %s left", left)
		time.Sleep(time.Second)
	}
	after, err := spent(sides)
	if err != nil {
		return err
	}
	for i, p := range contenders {
		f.put(p.name(), millis(after[i]-before[i])/heartbeatLasts.Seconds())
	}
	return nil
}

// spent is the CPU time that each contender's processes have used.
func spent(sides [][]*server) ([]time.Duration, error) {
	sums := make([]time.Duration, len(sides))
	for i := range sides {
		for _, s := range sides[i] {
			u, err := s.usage(false)
			if err != nil {
				return nil, err
			}
			if u.CPU == 0 {
				return nil, fmt.Errorf("CPU time can't be had here")
			}
			sums[i] += u.CPU
		}
	}
	return sums, nil
}
