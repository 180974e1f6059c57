package hub

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/health"
)

// serve keeps one session until it ends, and says why it did.
func (l *link) serve(found Found) (err error) {
	ctx, drop := context.WithCancelCause(l.life)
	defer drop(nil)
	sess, err := l.hub.dial(found)
	if err != nil {
		l.change(api.TriggerError, func() { l.lastErr = err })
		l.hub.settled.tried(l)
		return err
	}

	var watching sync.WaitGroup
	states := sess.Watch(context.Background()) // until the session has ended
	watching.Go(func() {
		for ch := range states {
			l.sessionChanged(ch)
		}
	})
	if !l.begin(found, sess, drop) {
		drop(errRestarted)
	}
	err = l.converse(ctx, sess, found.Life)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	l.finish(err)
	endSession(sess)
	watching.Wait()
	return err
}

// begin makes sess the current session, unless it is not what is wanted any more.
func (l *link) begin(found Found, sess way, drop context.CancelCauseFunc) bool {
	ok := false
	l.change(api.TriggerStart, func() {
		l.current, l.drop = sess, drop
		ok = !l.stopped && found.sameWay(l.found)
	})
	return ok
}

func (l *link) finish(err error) {
	l.change(triggerOf(err), func() {
		l.current, l.drop, l.client, l.checks = nil, nil, nil, nil
		if !isOurWish(err) {
			l.lastErr = err
		}
	})
	l.hub.changes.toolsChanged()
}

// converse shakes hands as an MCP client and keeps the list of tools up to date.
func (l *link) converse(ctx context.Context, sess way, life string) error {
	if err := l.awaitActive(ctx, sess); err != nil {
		return err
	}
	defer l.hub.settled.tried(l)
	c, err := newClient(ctx, &l.hub.cfg, sess, life, l.log)
	if err != nil {
		return fmt.Errorf("MCP handshake: %w", err)
	}
	defer c.close()
	if _, err := c.refresh(ctx); err != nil {
		return fmt.Errorf("list of tools: %w", err)
	}
	l.change(api.TriggerStart, func() {
		l.client, l.wasActive, l.lastErr = c, true, nil
		l.checks = health.NewChecks(l.hub.cfg.Checks, time.Now())
	})
	checking, stop := context.WithCancel(ctx)
	defer stop()
	c.waiting.Go(func() { l.check(checking, c) })
	l.hub.changes.toolsChanged()
	l.hub.settled.tried(l)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-sess.Done():
			return sess.Err()
		case <-c.done:
			return fmt.Errorf("MCP connection: %w", c.err)
		case <-c.stale:
			changed, err := c.refresh(ctx)
			if err != nil && !c.survives(err) {
				return fmt.Errorf("list of tools: %w", err)
			}
			if changed {
				l.hub.changes.toolsChanged()
			}
		}
	}
}

// endSession says goodbye if that can be done soon.
func endSession(sess way) {
	if sess.State().Linked() {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		if sess.Close(ctx) == nil {
			return
		}
	}
	sess.CloseNow()
}
