package main

import (
	"fmt"
	"time"
)

var longPathScenario = scenario{
	name: "long path",
	about: "One stream of 64 KiB messages through a proxy with 120 ms of round trip and 1 Gbit/s: bytes that " +
		"the application has had a second, from the first one sent. brum's default windows begin with 256 KiB and grow to 20 MiB on such a path, within the measurement; brum-wide begins with 32 MiB.",
	run: runLongPath,
}

const longPathFigure = "120 ms, 1 Gbit/s: goodput"

func runLongPath(b *bench) error {
	f := b.report.add("long path", longPathFigure, "Mbit/s", higher)
	contenders := append(b.peersOf("tcp", "coder", "brum", "grpc"), newWidePeer())
	size, rounds := 200<<20, 2
	if b.quick {
		size, rounds = 96<<20, 1
	}
	return b.interleave("long path", rounds, len(contenders), func(i int) error {
		p := contenders[i]
		goodput, err := overLongPath(p, size)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
		f.put(p.name(), goodput)
		return nil
	})
}

// overLongPath returns how many Mbit/s size bytes make.
func overLongPath(p peer, size int) (float64, error) {
	t, err := newTrack(p)
	if err != nil {
		return 0, err
	}
	defer t.stop()
	path, err := startRole("long-path", "-at", t.server.addr)
	if err != nil {
		return 0, err
	}
	defer path.stop()
	c, err := openOne(p, path.addr)
	if err != nil {
		return 0, err
	}
	defer c.close()
	late := time.AfterFunc(2*patience, func() { c.close() })
	defer late.Stop()
	const message = 64 << 10
	took, err := oneWay(c, message, size/message)
	if err != nil {
		return 0, err
	}
	took -= pathRTT // of the command and the answer, as everybody's
	return float64(size) * 8 / 1e6 / took.Seconds(), nil
}
