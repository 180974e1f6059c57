package hub

import (
	"context"
	"time"
)

// glance is how often a session that is not up is asked what its attempts have met.
const glance = 100 * time.Millisecond

// awaitActive waits until sess is up. Meanwhile those who wait for the link look again whenever
// it is refused for another reason.
func (l *link) awaitActive(ctx context.Context, sess way) error {
	up := make(chan error, 1)
	go func() { up <- sess.WaitActive(ctx) }()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for before := ""; ; {
		select {
		case err := <-up:
			return err
		case <-tick.C:
		}
		if told := errorText(sess.Stats().LastError); told != before {
			before = told
			l.mu.Lock()
			l.wakeLocked()
			l.mu.Unlock()
			l.hub.changes.statusChanged()
		}
	}
}
