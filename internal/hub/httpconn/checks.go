package httpconn

import (
	"fmt"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

const (
	// patience is how many checks in a row may time out before the instance counts as away.
	patience = 3
	// askAgain lies between them.
	askAgain = 500 * time.Millisecond
)

// errAway is what requests under way fail with when the instance is away.
var errAway = errors.New("the instance does not answer")

// run checks the instance again and again until the end. It alone changes the state, but for
// broken.
func (c *Conn) run() {
	defer c.finish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var p pace
	p.reset(time.Now())
	silent := 0 // checks in a row that failed
	for {
		var why news
		select {
		case <-timer.C:
		case why = <-c.news:
			if why.err == nil {
				p.reset(time.Now())
			}
		case <-c.life.Done():
			return
		}
		began := time.Now()
		err := c.probe(c.life, c.checkTimeout(&p))
		if c.life.Err() != nil {
			return
		}
		if err == nil {
			silent = 0
			p.reset(time.Now())
			c.answered(began, why.trigger)
			timer.Reset(c.cfg.Interval)
			continue
		}
		silent++
		timer.Reset(c.silent(silent, &p, err))
	}
}

// checkTimeout is shorter at the beginning of an outage: a connection request that was lost in
// it must not cost its retransmission time.
func (c *Conn) checkTimeout(p *pace) time.Duration {
	if c.State().Linked() {
		return c.cfg.Timeout
	}
	return ceiling(min(eagerMax, c.cfg.Timeout), p.eager+p.calm, c.cfg.Timeout)
}

// answered takes in that a check which began then succeeded.
func (c *Conn) answered(began time.Time, nudged session.Trigger) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.RTT = now.Sub(began)
	c.stats.LastHeard, c.stats.NextAttemptAt, c.stats.Breaker = now, time.Time{}, session.BreakerClosed
	ch := session.Change{Trigger: session.TriggerStart}
	switch c.stats.State {
	case session.Active:
		return
	case session.Retrying:
		ch = session.Change{Trigger: c.lostWhy, Outage: now.Sub(c.lostAt), Resume: c.stats.RTT}
		if nudged != session.TriggerNone {
			ch.Trigger = nudged
		}
		c.stats.Resumes++
	case session.Suspect:
		ch.Trigger = c.lostWhy
	}
	if c.stats.State != session.Suspect {
		c.stats.Attempt++
		c.stats.ConnectedSince = now
	}
	resumed := c.stats.State == session.Retrying
	c.becomeLocked(session.Active, now, ch)
	if resumed {
		ch.From, ch.To, ch.At, ch.Attempt = session.Retrying, session.Active, now, c.stats.Attempt
		c.stats.LastResume = &ch
	}
}

// silent takes in the failure of a check and returns how long to wait for the next.
func (c *Conn) silent(inARow int, p *pace, err error) time.Duration {
	now := time.Now()
	timedOut := errors.Of(err) == errors.Timeout
	trigger := session.TriggerError
	if timedOut {
		trigger = session.TriggerTimeout
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.LastError = err
	c.wire.base.CloseIdleConnections() // the next one is not to fail by what this has
	switch {
	case c.stats.State == session.Active: // it may be the connection that was kept alive
		c.suspectLocked(now, trigger, err)
		if timedOut {
			return askAgain
		}
		return 0
	case c.stats.State == session.Suspect && timedOut && inARow < patience:
		return askAgain
	case c.stats.State == session.Suspect:
		c.retryLocked(now, trigger, err)
		p.reset(now)
	}
	c.stats.Attempt++
	wait := p.failed(now)
	c.stats.NextAttemptAt = now.Add(wait)
	if p.tripped() {
		c.stats.Breaker = session.BreakerOpen
	}
	return wait
}

func (c *Conn) suspectLocked(now time.Time, trigger session.Trigger, err error) {
	c.lostAt, c.lostWhy = now, trigger
	c.becomeLocked(session.Suspect, now, session.Change{Trigger: trigger, Err: err})
}

// retryLocked begins an outage. An instance of the newer kind can be asked what became of a
// call, so nothing waits for connections that may be dead; the others' answers are given the
// time that their callers have.
func (c *Conn) retryLocked(now time.Time, trigger session.Trigger, err error) {
	c.stats.ConnectedSince = time.Time{}
	c.becomeLocked(session.Retrying, now, session.Change{Trigger: trigger, Err: err})
	if c.Legacy() {
		c.wire.base.CloseIdleConnections()
	} else {
		c.wire.abandon(fmt.Errorf("%w: %w", errAway, err))
	}
}

// heard notes that something has arrived.
func (c *Conn) heard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.LastHeard = time.Now()
}

// broken takes in that a request has failed for no wish of its caller's: is the instance there?
func (c *Conn) broken(err error) {
	if errors.Is(err, errAway) || c.life.Err() != nil {
		return
	}
	now := time.Now()
	c.mu.Lock()
	first := c.stats.State == session.Active
	if first {
		c.stats.LastError = err
		c.suspectLocked(now, session.TriggerError, err)
	}
	c.mu.Unlock()
	if first {
		c.tell(news{session.TriggerNone, err})
	}
}

func (c *Conn) finish() {
	c.wire.close(session.ErrClosed)
	c.mu.Lock()
	c.stats.ConnectedSince, c.stats.NextAttemptAt = time.Time{}, time.Time{}
	c.becomeLocked(session.Closed, time.Now(), session.Change{Trigger: session.TriggerManual, Err: session.ErrClosed})
	c.mu.Unlock()
	close(c.done)
}
