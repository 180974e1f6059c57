package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session/journal"
)

// Reader is how far a named reader has got in a log.
type Reader struct {
	Name      string    `json:"name"`
	Instance  string    `json:"instance"`  // its id
	Life      string    `json:"life"`      // which process of that id
	Of        string    `json:"of"`        // the instance's name
	Directory string    `json:"directory"` // of the instance
	Process   string    `json:"process"`   // "" means all
	Level     string    `json:"level"`
	Cursor    string    `json:"cursor"` // everything up to it was read
	Lines     uint64    `json:"lines"`  // that were read in all
	At        time.Time `json:"at"`
	// Revision counts the Commits. It is not part of what is committed.
	Revision uint64 `json:"-"`
}

const readerPrefix = "reader/"

// MaxReaderName is the longest name of a reader, in bytes.
const MaxReaderName = 100

// Readers returns all readers in order of name.
func (l *Ledger) Readers() ([]Reader, error) {
	var out []Reader
	for _, s := range l.journal.State().Streams {
		if !strings.HasPrefix(s.Name, readerPrefix) {
			continue
		}
		r, err := readReader(s)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Reader) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// Reader returns one reader; ErrNoReader if there is none of that name.
func (l *Ledger) Reader(name string) (Reader, error) {
	s, ok := l.journal.Stream(readerPrefix + name)
	if !ok {
		return Reader{}, ErrNoReader
	}
	return readReader(s)
}

func readReader(s journal.StreamState) (Reader, error) {
	var r Reader
	if err := json.Unmarshal(s.App, &r); err != nil {
		return r, fmt.Errorf("ledger: the record of %q is no reader: %w", s.Name, err)
	}
	r.Revision = s.Receive.Next
	return r, nil
}

// Commit writes down how far a reader has got and returns when that is on disk. r.Revision
// must be the one that was read last, 0 for a new reader (*ConflictError). It returns the
// next. Other errors: of kind errors.Invalid for a name that can't be one, *FullError, and
// those of the journal.
func (l *Ledger) Commit(ctx context.Context, r Reader) (uint64, error) {
	if err := checkName(r.Name); err != nil {
		return 0, err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	var have uint64
	if s, ok := l.journal.Stream(readerPrefix + r.Name); ok {
		have = s.Receive.Next
	} else if err := l.roomForReader(); err != nil {
		return 0, err
	}
	if have != r.Revision {
		return 0, &ConflictError{r.Name, have, r.Revision}
	}
	// The digest makes two that commit the same revision at the same time tell each other
	// apart: the journal takes one number only once, unless it comes with the same digest.
	next := journal.Cursor{Next: have + 1, Digest: rand.Uint64()}
	err = l.journal.CommitReceive(ctx, readerPrefix+r.Name, next, data)
	if _, ok := errors.AsType[*journal.StaleError](err); ok {
		return 0, &ConflictError{r.Name, next.Next, r.Revision}
	}
	return next.Next, err
}

func checkName(name string) error {
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f }
	if name == "" || len(name) > MaxReaderName || strings.ContainsFunc(name, bad) {
		return fmt.Errorf("ledger: %.120q can't be the name of a reader: want 1 to %d bytes without spaces: %w", name, MaxReaderName, errors.Invalid)
	}
	return nil
}

func (l *Ledger) roomForReader() error {
	n := 0
	for _, s := range l.journal.State().Streams {
		if strings.HasPrefix(s.Name, readerPrefix) {
			n++
		}
	}
	if n >= l.opts.MaxReaders {
		return &FullError{"readers", n}
	}
	return nil
}

// Forget drops a reader and returns when that is on disk; ErrNoReader if there is none of
// that name.
func (l *Ledger) Forget(ctx context.Context, name string) error {
	if _, ok := l.journal.Stream(readerPrefix + name); !ok {
		return ErrNoReader
	}
	return l.journal.Forget(ctx, readerPrefix+name)
}
