package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/test/lab/internal/report"
)

// account keeps the ledger of one session. Its methods may be called concurrently.
type account struct {
	session *session.Session

	mu sync.Mutex
	// guards following
	ledger   report.Ledger
	main     report.Sequence      // calls, or the answers to them
	log      report.Sequence      // lines
	open     map[uint64]time.Time // calls that wait for their answer, since when
	allSaid  bool                 // no more calls will be made
	answered chan struct{}        // closed when none is open and no more will be
}

func newAccount(s *session.Session) *account {
	return &account{session: s, open: make(map[uint64]time.Time), answered: make(chan struct{}),
		ledger: report.Ledger{ID: s.ID().String(), Verdicts: make(map[string]uint64)}}
}

// send sends on the session's main stream and on others.
func (a *account) send(ctx context.Context, to interface {
	Send(context.Context, []byte) error
}, k kind, n uint64, size int) error {
	if k == call {
		a.mu.Lock()
		a.open[n] = time.Now() // before its answer can come
		a.mu.Unlock()
	}
	err := to.Send(ctx, message(k, n, size))
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil:
		delete(a.open, n)
	default:
		a.ledger.Sent++
		if k == call {
			a.ledger.Calls++
		}
	}
	return err
}

// take accounts for a message that was received.
func (a *account) take(k kind, n uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch k {
	case line:
		a.log.Take(n, &a.ledger)
	case answer:
		a.main.Take(n, &a.ledger)
		if since, ok := a.open[n]; ok {
			delete(a.open, n)
			a.ledger.Answered++
			a.ledger.Slowest = max(a.ledger.Slowest, time.Since(since))
		}
		a.settleLocked()
	default:
		a.main.Take(n, &a.ledger)
	}
}

// finished says that no more calls will be made.
func (a *account) finished() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.allSaid = true
	a.settleLocked()
}

func (a *account) settleLocked() {
	if a.allSaid && len(a.open) == 0 {
		select {
		case <-a.answered:
		default:
			close(a.answered)
		}
	}
}

// end returns the ledger of a session that has ended.
func (a *account) end() *report.Ledger {
	stats := a.session.Stats()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ledger.Resumes, a.ledger.Replayed = stats.Resumes, stats.Replayed
	err := a.session.Err()
	var lost *session.LostError
	if errors.As(err, &lost) && lost.Reason != session.ReasonPeerClosed {
		a.ledger.Lost = lost.Reason.String()
	}
	if lost != nil {
		for _, u := range lost.Unsettled {
			a.ledger.Verdicts[u.Verdict.String()]++
		}
	}
	ledger := a.ledger
	return &ledger
}

// watch tells of the session's changes until it has ended, and then closes told. It has
// subscribed when it returns.
func watch(s *session.Session, index int, out *report.Writer) (told <-chan struct{}) {
	changes := s.Watch(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for c := range changes {
			l := report.Line{At: c.At, Session: index, Change: &report.Change{ID: s.ID().String(), From: c.From.String(),
				To: c.To.String(), Trigger: c.Trigger.String(), Attempt: c.Attempt}}
			if c.Err != nil {
				l.Change.Error = c.Err.Error()
			}
			out.Write(l)
		}
	}()
	return ended
}
