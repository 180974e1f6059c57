package main

import (
	"fmt"
	"sync"
	"time"
)

var durableScenario = scenario{
	name: "durable",
	about: "A durable stream of brum, whose Send returns when the message is synced on the sender's disk, and " +
		"JetStream with a file store that syncs always, whose publishing returns when it is synced on the server's; " +
		"each with a receiver in the other process. JetStream confirms what a receiver acknowledges at once and " +
		"writes it down ten times a second: so often brum's receiver commits. That of brum-commit commits as " +
		"far as it has come, synced, whenever its last commit is done. Committed: until the receiver has " +
		"committed all, or had its acknowledgement confirmed.",
	run: runDurable,
}

// lane is a way to send messages that survive both processes.
type lane interface {
	// send returns when the message is on a disk; it may be called concurrently.
	send(msg []byte) error
	// committed returns when the receiver has committed all that was sent.
	committed() error
	close()
}

type durableContender struct {
	name, role string
	open       func(addr, dir string) (lane, error)
}

var durableContenders = []durableContender{
	{ours, "durable", openDurable},
	{committing, committing, openDurable},
	{jetName, "jetstream", openJet},
}

const (
	committing = "brum-commit"
	jetName    = "jetstream"
)

func durableFigure(size, senders int) string {
	return fmt.Sprintf("durable %s, %d at a time: acknowledged", bytesName(size), senders)
}

func committedFigure(size, senders int) string {
	return fmt.Sprintf("durable %s, %d at a time: committed", bytesName(size), senders)
}

func bytesName(n int) string {
	if n >= 1<<10 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

func runDurable(b *bench) error {
	lanes := make([]lane, len(durableContenders))
	for i, c := range durableContenders {
		s, err := startRole(c.role)
		if err != nil {
			return err
		}
		defer s.stop()
		dir, remove, err := scratch()
		if err != nil {
			return err
		}
		defer remove()
		if lanes[i], err = c.open(s.addr, dir); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		defer lanes[i].close()
	}
	for _, w := range []struct{ size, senders int }{{128, 1}, {128, outstanding}, {4 << 10, outstanding}} {
		acked := b.report.add("durable", durableFigure(w.size, w.senders), "msgs/s", higher)
		done := b.report.add("durable", committedFigure(w.size, w.senders), "msgs/s", higher)
		err := b.interleave(acked.Name, b.rounds, len(lanes), func(i int) error {
			a, d, err := sendDurably(lanes[i], w.size, w.senders, b.each)
			if err != nil {
				return fmt.Errorf("%s: %w", durableContenders[i].name, err)
			}
			acked.put(durableContenders[i].name, a)
			done.put(durableContenders[i].name, d)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sendDurably returns how many messages a second were acknowledged, and committed.
func sendDurably(l lane, size, senders int, lasts time.Duration) (acked, committed float64, err error) {
	began := time.Now()
	counts, errs := make([]int, senders), make([]error, senders)
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			msg := make([]byte, size)
			for time.Since(began) < lasts {
				if errs[i] = l.send(msg); errs[i] != nil {
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	sum := 0
	for i := range senders {
		if errs[i] != nil {
			return 0, 0, errs[i]
		}
		sum += counts[i]
	}
	if err := l.committed(); err != nil {
		return 0, 0, err
	}
	return float64(sum) / took.Seconds(), float64(sum) / time.Since(began).Seconds(), nil
}
