package logstore

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Search asks for lines that match.
type Search struct {
	Pattern *regexp.Regexp // matched against the text without colour sequences
	Process string         // a process id, or a name: then all its runs; empty: all
	Level   Level          // least severe level wanted
	Since   time.Time      // zero: no bound
	Limit   int            // lines, default DefaultLimit, at most MaxLimit
}

// Found is the answer to a Search: the newest matches, oldest first.
type Found struct {
	Lines []Line
	More  bool // there are older matches than these
}

// Search looks through what is retained, newest first, until it has enough.
// The error is ErrUnknownProcess or ctx's.
func (s *Store) Search(ctx context.Context, q Search) (Found, error) {
	sel, below, err := s.searchStart(q.Process)
	if err != nil {
		return Found{}, err
	}
	var found Found
	limit, bytes := clampLimit(q.Limit), 0
	for {
		if err := ctx.Err(); err != nil {
			return Found{}, err
		}
		s.mu.Lock()
		lines, exhausted := s.backwardLocked(sel, below)
		s.mu.Unlock()
		for i := range lines {
			l := &lines[i]
			below = sel.number(l)
			if l.Level < q.Level || l.Time.Before(q.Since) || !q.Pattern.MatchString(Plain(l.Text)) {
				continue
			}
			if len(found.Lines) >= limit || bytes >= maxAnswer {
				found.More, exhausted = true, true
				break
			}
			found.Lines = append(found.Lines, *l)
			bytes += len(l.Text)
		}
		if exhausted {
			slices.Reverse(found.Lines)
			return found, nil
		}
	}
}

func (s *Store) searchStart(process string) (sel selection, below uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if process != "" {
		r, byName := s.resolveLocked(process)
		switch {
		case r == nil:
			return sel, 0, fmt.Errorf("%w: %q", ErrUnknownProcess, process)
		case byName:
			sel.name = process
		default:
			sel.run = r
		}
	}
	return sel, sel.endLocked(s) + 1, nil
}
