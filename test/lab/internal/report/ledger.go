package report

import "time"

// Ledger is the account that one side keeps of one session.
type Ledger struct {
	ID         string            `json:"id"`
	Sent       uint64            `json:"sent"`       // messages whose Send returned nil
	Received   uint64            `json:"received"`   // each counted once
	Duplicates uint64            `json:"duplicates"` // messages that had been received before
	Gaps       uint64            `json:"gaps"`       // numbers that were passed over
	Calls      uint64            `json:"calls"`      // of those sent, those that want an answer
	Answered   uint64            `json:"answered"`   // calls answered, each once
	Slowest    time.Duration     `json:"slowest"`    // answer
	Verdicts   map[string]uint64 `json:"verdicts"`   // of messages that were not settled
	Lost       string            `json:"lost"`       // why the session ended, if not by Close
	Resumes    uint64            `json:"resumes"`
	Replayed   uint64            `json:"replayed"`
}

// Unsettled is the number of messages that have a verdict.
func (l *Ledger) Unsettled() (n uint64) {
	for _, v := range l.Verdicts {
		n += v
	}
	return n
}

// Sequence checks that numbers come as they were given: 1, 2, 3 …
type Sequence struct{ last uint64 }

// Take accounts for the number n.
func (s *Sequence) Take(n uint64, l *Ledger) {
	switch {
	case n <= s.last:
		l.Duplicates++
		return
	case n > s.last+1:
		l.Gaps += n - s.last - 1
	}
	s.last = n
	l.Received++
}
