package durable

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/journal"
)

// OnFailure says what becomes of a channel whose journal fails.
type OnFailure uint8

const (
	// Refuse: Send and Commit return the journal's error. What was sent before goes on.
	Refuse OnFailure = iota
	// MemoryOnly: the channel goes on in memory for the rest of this life of the process. What
	// it promises from then on ends with the process: when it comes back from its journal the
	// other side may find that rolled back, and refuse it.
	MemoryOnly
)

// Config configures a Channel. Zero fields mean the default.
type Config struct {
	// OnFailure: see there. Default Refuse.
	OnFailure OnFailure
	// MemoryBytes bounds what a stream keeps in memory after its journal failed. Default 4 MiB.
	MemoryBytes int
	// Logger gets what an operator should know. Default: nothing is logged.
	Logger *slog.Logger
}

// maxStreams bounds the streams of a channel.
const maxStreams = 200

// Channel is one end of a lasting relation.
type Channel struct {
	journal *journal.Journal
	cfg     Config
	log     *slog.Logger
	done    chan struct{} // closed with err set

	admission chan struct{} // capacity 1, held while a hello is judged and persisted

	mu sync.Mutex
	// guards following
	party   party
	streams map[string]*Stream
	runs    map[*session.Session]*attachment
	current *attachment // the latest session that was admitted

	begun   uint64        // how many Runs
	latest  uint64        // the number of the latest that was admitted
	trimmed chan struct{} // closed and replaced when the journal has got room
	end     ending
	err     error
}

// New returns the channel that j holds, with whatever it had when its last life ended. There
// is one channel for each opened journal; it does not close it.
func New(j *journal.Journal, cfg *Config) *Channel {
	c := &Channel{journal: j, done: make(chan struct{}), admission: make(chan struct{}, 1), streams: make(map[string]*Stream),
		runs: make(map[*session.Session]*attachment), trimmed: make(chan struct{})}
	if cfg != nil {
		c.cfg = *cfg
	}
	if c.cfg.MemoryBytes == 0 {
		c.cfg.MemoryBytes = 4 << 20
	}
	if c.log = c.cfg.Logger; c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.end.settled, c.end.closed = make(chan struct{}), make(chan struct{})
	state := j.State()
	c.party = party{
		relation: state.Identity.Session,
		self:     life{state.Generation, randomUint64()},
		peer:     life{state.Accepted.Incarnation, state.Accepted.Attempt},
	}
	for _, st := range state.Streams {
		if st.Name == endStream {
			if marks, err := parseMarks(st.App); err == nil {
				c.end.settle(marks)
			}
			continue
		}
		c.streams[st.Name] = newStream(c, st.Name, st)
	}
	if state.End != nil {
		c.end.declare(c.marks(false))
		c.stop(ErrEnded)
	}
	return c
}

func randomUint64() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// Stream returns the stream of that name, 1 to [MaxName] bytes, the same on both sides. It
// need not be opened.
func (c *Channel) Stream(name string) (*Stream, error) {
	if name == "" || len(name) > MaxName || name == endStream {
		return nil, fmt.Errorf("durable: stream name of %d bytes, it must have 1 to %d: %w", len(name), MaxName, errors.Invalid)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	st := c.streams[name]
	if st != nil {
		return st, nil
	}
	if len(c.streams) >= maxStreams {
		return nil, fmt.Errorf("durable: stream %q would be one more than %d: %w", name, maxStreams, errors.Limit)
	}
	st = newStream(c, name, journal.StreamState{})
	c.streams[name] = st
	if c.current != nil {
		c.current.transmit(st)
	}
	return st, nil
}

// Done is closed when the channel can't go on in this life: Close or End was called, the peer
// has ended it, or this side's journal is an old one or a copy.
func (c *Channel) Done() <-chan struct{} { return c.done }

// Err is nil until then; afterwards ErrClosed, ErrEnded or a *RefusedError.
func (c *Channel) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends this side's use of the channel in this life of the process, at once, and with it
// every Run and End. Everything that is on disk goes on in the next. The journal is the
// caller's to close, afterwards.
func (c *Channel) Close() error {
	c.stop(ErrClosed)
	c.mu.Lock()
	runs := slices.Collect(maps.Values(c.runs))
	c.end.close()
	c.mu.Unlock()
	for _, a := range runs {
		a.cancel(ErrClosed)
	}
	return nil
}

// stop ends the channel for its users because of err, and all sessions' part in it unless
// they still have to tell of the end. The first error stays.
func (c *Channel) stop(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	close(c.done)
	var runs []*attachment
	if err != ErrEnded {
		runs = slices.Collect(maps.Values(c.runs))
	}
	streams := c.allLocked()
	c.mu.Unlock()
	for _, st := range streams {
		st.halt()
	}
	for _, a := range runs {
		a.cancel(err)
	}
}

// room returns what is closed when the journal has got room, unless the channel has ended.
func (c *Channel) room() (<-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trimmed, c.err
}

// madeRoom tells all who wait for room: what one stream has given back may serve another.
func (c *Channel) madeRoom() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.trimmed)
	c.trimmed = make(chan struct{})
}

// all returns the streams that there are, by name.
func (c *Channel) all() []*Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allLocked()
}

func (c *Channel) allLocked() []*Stream {
	return slices.SortedFunc(maps.Values(c.streams), func(a, b *Stream) int { return strings.Compare(a.name, b.name) })
}
