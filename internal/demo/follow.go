package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// record is a line of brum-hub logs --json.
type record struct {
	Line *struct {
		Seq    uint64 `json:"seq"`
		Stream string `json:"stream"`
		Text   string `json:"text"`
	} `json:"line"`
	Gap *struct {
		Lines uint64 `json:"lines"`
	} `json:"gap"`
}

// follower reads the log of an instance through the hub.
type follower struct {
	name    string
	process *process

	mu      sync.Mutex
	rest    []byte // of a line that has not come whole
	seqs    []uint64
	texts   []string
	over    bool // the process has ended, and there is a line that says so
	broken  error
	changed chan struct{} // closed when something has come
}

// follow reads the log from its first line on, and goes on through whatever comes.
func (s *stage) follow(name string) (*follower, error) {
	f := &follower{name: name, changed: make(chan struct{})}
	var err error
	f.process, err = spawn(f, program(s.bin, "brum-hub"), "logs", name, "--follow", "--json", "--tail", "10000", "--socket", s.socket)
	return f, err
}

// readAll reads the log once more.
func (s *stage) readAll(ctx context.Context, name string) (*follower, error) {
	f := &follower{name: name, changed: make(chan struct{})}
	out, err := s.hub(ctx, "logs", name, "--json", "--tail", "10000")
	if err != nil {
		return nil, err
	}
	_, err = f.Write(out)
	return f, err
}

// Write takes what brum-hub prints.
func (f *follower) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rest = append(f.rest, p...)
	for {
		line, rest, whole := bytes.Cut(f.rest, []byte("\n"))
		if !whole {
			break
		}
		f.take(line)
		f.rest = rest
	}
	close(f.changed)
	f.changed = make(chan struct{})
	return len(p), nil
}

func (f *follower) take(line []byte) {
	var r record
	switch err := json.Unmarshal(line, &r); {
	case err != nil:
		f.broken = fmt.Errorf("%w in %q", err, line)
	case r.Gap != nil:
		f.broken = fmt.Errorf("%d lines are missing after line %d", r.Gap.Lines, len(f.seqs))
	case r.Line == nil: // a cursor, or a note
	case r.Line.Stream == "system":
		f.over = true
	default:
		f.seqs = append(f.seqs, r.Line.Seq)
		f.texts = append(f.texts, r.Line.Text)
	}
}

func (f *follower) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.texts)
}

// waitFor waits until n lines have come.
func (f *follower) waitFor(ctx context.Context, n int) error {
	return f.wait(ctx, func() bool { return len(f.texts) >= n })
}

// waitForEnd waits until the process has ended and all it printed has come.
func (f *follower) waitForEnd(ctx context.Context) error {
	return f.wait(ctx, func() bool { return f.over })
}

// wait waits until enough, which is called with mu held.
func (f *follower) wait(ctx context.Context, enough func() bool) error {
	for {
		f.mu.Lock()
		done, have, broken, changed := enough(), len(f.texts), f.broken, f.changed
		f.mu.Unlock()
		switch {
		case broken != nil:
			return broken
		case done:
			return nil
		}
		select {
		case <-changed:
		case <-f.process.ended:
			return f.process.failure()
		case <-ctx.Done():
			return fmt.Errorf("%s: %d lines have come", f.name, have)
		}
	}
}

// verify looks whether all of the process's lines came, in order, each once.
func (f *follower) verify(lines int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return f.broken
	}
	for i, text := range f.texts {
		if want := lineOf(f.name, i+1, lines); text != want {
			return fmt.Errorf("line %d is %q, want %q", i+1, text, want)
		}
		if i > 0 && f.seqs[i] != f.seqs[i-1]+1 {
			return fmt.Errorf("line %d has number %d after %d", i+1, f.seqs[i], f.seqs[i-1])
		}
	}
	if len(f.texts) != lines {
		return fmt.Errorf("%d lines came, want %d", len(f.texts), lines)
	}
	return nil
}

// same compares two readings of one log.
func (f *follower) same(other *follower) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	if !slices.Equal(f.seqs, other.seqs) || !slices.Equal(f.texts, other.texts) {
		return errors.New("reading the log again shows other lines")
	}
	return nil
}
