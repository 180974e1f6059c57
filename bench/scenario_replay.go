package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/session"
)

var replayScenario = scenario{
	name: "replay",
	about: "10,000 messages of 1 KiB are sent into a path that swallows them; then the connection is reset. " +
		"From the session's resumption until the server's application has had all of them, against sending as " +
		"many over the same proxy. Windows are 32 MiB, so that as much can be in flight.",
	run: runReplay,
}

const (
	replayFigure = "replay of 10,000 × 1 KiB"
	replayNormal = "the same, sent for the first time"
	replayCount  = 10_000
	replaySize   = 1 << 10
)

func runReplay(b *bench) error {
	replayed := b.report.add("replay", replayFigure, "msgs/s", higher)
	normal := b.report.add("replay", replayNormal, "msgs/s", higher)
	t, err := newTrack(newWidePeer())
	if err != nil {
		return err
	}
	defer t.stop()
	proxy, err := faultproxy.New(t.server.addr)
	if err != nil {
		return err
	}
	defer proxy.Close()
	return b.interleave("replay", max(b.rounds, 3), 1, func(int) error {
		first, again, err := measureReplay(t.p, proxy)
		if err != nil {
			return err
		}
		normal.put(ours, replayCount/first.Seconds())
		replayed.put(ours, replayCount/again.Seconds())
		return nil
	})
}

func measureReplay(p peer, proxy *faultproxy.Proxy) (first, again time.Duration, err error) {
	c, err := openOne(p, proxy.Addr())
	if err != nil {
		return 0, 0, err
	}
	defer c.close()
	late := time.AfterFunc(patience, func() { c.close() })
	defer late.Stop()
	for range 2 { // the first fills pools
		if first, err = oneWay(c, replaySize, replayCount); err != nil {
			return 0, 0, err
		}
	}
	again, err = replay(c.(*brumConn).s, c, proxy)
	return first, again, err
}

func replay(s *session.Session, c conn, proxy *faultproxy.Proxy) (time.Duration, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	resumed := make(chan time.Time, 1)
	watching := s.Watch(ctx)
	if err := c.send(command(opSink, replayCount)); err != nil {
		return 0, err
	}
	for s.Stats().UnackedMessages > 0 {
		time.Sleep(time.Millisecond)
	}
	go func() {
		for change := range watching {
			if change.To == session.Active {
				resumed <- change.At
				return
			}
		}
	}()
	proxy.Drop(faultproxy.ToTarget)
	msg := make([]byte, replaySize)
	for range replayCount {
		if err := c.send(msg); err != nil {
			return 0, err
		}
	}
	time.Sleep(200 * time.Millisecond) // the writer empties its queue into the hole
	before := s.Stats().Replayed
	proxy.Heal()
	proxy.Cut(faultproxy.RST)
	var got uint64
	if err := c.each(func(answer []byte) bool { got = binary.BigEndian.Uint64(answer); return false }); err != nil {
		return 0, err
	}
	took := time.Since(<-resumed)
	if n := s.Stats().Replayed - before; got != replayCount*replaySize || n < replayCount {
		return 0, fmt.Errorf("%d bytes arrived of %d, %d frames were replayed", got, replayCount*replaySize, n)
	}
	return took, nil
}
