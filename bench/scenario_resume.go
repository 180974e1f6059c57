package main

import (
	"fmt"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
)

var resumeScenario = scenario{
	name: "resume",
	about: "brum: from an RST, with nothing in flight, until a message has gone out and come back over the " +
		"resumed session, detection included. Others: a new connection, its upgrade, and the same message, " +
		"through the same proxy. All have rested for 5 ms before: a processor that has gone to sleep is slower.",
	run: runResume,
}

const resumeFigure = "resume after RST, or connect: first message back"

// resumesEach is how often a session is cut before another takes its place: one whose links
// keep breaking young gets patient.
const resumesEach = 20

func runResume(b *bench) error {
	f := b.report.add("resume", resumeFigure, "µs", lower)
	contenders := b.peersOf("coder", "brum", "gws", "gorilla", "grpc", "yamux", "tcp")
	type bed struct {
		*track
		proxy *faultproxy.Proxy
	}
	beds := make([]bed, len(contenders))
	for i, p := range contenders {
		t, err := newTrack(p)
		if err != nil {
			return err
		}
		defer t.stop()
		proxy, err := faultproxy.New(t.server.addr)
		if err != nil {
			return err
		}
		defer proxy.Close()
		beds[i] = bed{t, proxy}
	}
	return b.interleave("resume", b.rounds, len(beds), func(i int) error {
		begin := connectAgain
		if beds[i].p.name() == ours {
			begin = resumeAgain
		}
		took, err := begin(beds[i].p, beds[i].proxy)
		if err != nil {
			return fmt.Errorf("%s: %w", beds[i].p.name(), err)
		}
		f.put(beds[i].p.name(), median(took))
		return nil
	})
}

// rest is what comes before each, for all peers alike: nothing is left under way, and the processor
// has nothing to do.
const rest = 5 * time.Millisecond

// connectAgain returns how many microseconds new connections take until they have carried a
// message there and back.
func connectAgain(p peer, proxy *faultproxy.Proxy) ([]float64, error) {
	var took []float64
	for range resumesEach {
		time.Sleep(rest)
		began := time.Now()
		c, err := openOne(p, proxy.Addr())
		if err != nil {
			return nil, err
		}
		took = append(took, micros(time.Since(began)))
		c.close()
	}
	return took, nil
}

// resumeAgain returns how many microseconds after a reset a session has carried a message
// there and back.
func resumeAgain(p peer, proxy *faultproxy.Proxy) ([]float64, error) {
	c, err := openOne(p, proxy.Addr())
	if err != nil {
		return nil, err
	}
	defer c.close()
	late := time.AfterFunc(patience, func() { c.close() })
	defer late.Stop()
	if err := c.send(command(opEcho, 2*resumesEach)); err != nil {
		return nil, err
	}
	var took []float64
	for range resumesEach {
		if _, err := calls(c, 128, 1); err != nil { // nothing is left in flight
			return nil, err
		}
		time.Sleep(rest)
		began := time.Now()
		proxy.Cut(faultproxy.RST)
		if _, err := calls(c, 128, 1); err != nil {
			return nil, err
		}
		took = append(took, micros(time.Since(began)))
	}
	return took, nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
