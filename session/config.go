package session

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// Defaults of Config and AcceptorConfig.
const (
	DefaultHeartbeat      = 15 * time.Second
	DefaultWindow         = 35 * time.Second
	DefaultReplayBytes    = 4 << 20
	DefaultReplayMessages = 65536
	DefaultCredit         = 256 << 10
	DefaultMaxCredit      = 4 << 20
	DefaultLongPath       = 16 << 20
	DefaultMaxMessage     = 64 << 20
	DefaultMaxSessions    = 256
	DefaultMaxDetached    = 64
	DefaultDetachedBytes  = 64 << 20
	DefaultDetachedFor    = 24 * time.Hour
)

// minCredit is the smallest window a stream may start with: a few fragments.
const minCredit = 128 << 10

// Config configures a session. A zero field means its default; the struct is copied.
type Config struct {
	// Key is the secret that both sides share, at least 16 bytes; it never crosses the wire.
	// Required. Where connections can be listened to, use TLS, or a new key with each life of
	// the accepting side (protocol.md §4.3).
	Key []byte
	// Owner is a lasting identity of the dialing side. When it makes a new session, the
	// accepting side ends those of its earlier incarnations. The zero ID has none.
	Owner ID
	// Heartbeat is how long a link may be silent, at most, before either side pings it.
	Heartbeat time.Duration
	// Window is how long a link may be silent, probed, before it is given up.
	Window time.Duration
	// ReplayBytes bounds the memory for sent and unacknowledged messages, ReplayMessages
	// their number (fragments count). When either is reached, Send blocks.
	ReplayBytes    int
	ReplayMessages int
	// Credit is how many bytes the peer may send ahead of Receive at first, at least 128 KiB;
	// MaxCredit is how far that may grow with the path's bandwidth. Both are for each stream.
	Credit    int
	MaxCredit int
	// LongPath is by how many bytes more than ReplayBytes and MaxCredit allow a live link may hold
	// each, for as long as it takes that much at once and its round trip needs it (8 ms and more);
	// ReplayMessages grows in proportion to ReplayBytes. Without a link nothing is added beyond
	// the ordinary bounds. The Budget has an eighth of itself for either.
	// 0 is the default of 16 MiB where none of ReplayBytes, ReplayMessages and MaxCredit is
	// set, and nothing where one is; below 0 is nothing.
	LongPath int
	// MaxMessage is the largest message accepted from the peer, in bytes; at least 32 KiB.
	MaxMessage int
	// Budget bounds the memory of several sessions together; nil is one of 256 MiB that all
	// sessions without their own share.
	Budget *Budget
	// DetachedFor is how long the session outlives its last link.
	DetachedFor time.Duration
	// Observe is told of what happens in the session; nil tells nobody. It is called by whichever
	// goroutine made it happen, without a lock, so that two events may come at once or in the
	// wrong order, and it holds that goroutine up: it has to return soon, and must not close the session.
	Observe func(*Session, Event)
	// Logger gets a line for each change of state; nil logs nothing.
	Logger *slog.Logger
}

func orDefault[T int | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

// resolve returns a copy with defaults filled in, or what is wrong with it.
func (c *Config) resolve() (Config, error) {
	if c == nil || len(c.Key) < 16 {
		return Config{}, errors.New("session: Config.Key needs at least 16 bytes")
	}
	r := *c
	r.Key = append([]byte(nil), c.Key...)
	if r.LongPath == 0 && r.ReplayBytes == 0 && r.ReplayMessages == 0 && r.MaxCredit == 0 {
		r.LongPath = DefaultLongPath
	}
	r.LongPath = max(r.LongPath, 0)
	r.Heartbeat = orDefault(r.Heartbeat, DefaultHeartbeat)
	r.Window = orDefault(r.Window, DefaultWindow)
	r.ReplayBytes = orDefault(r.ReplayBytes, DefaultReplayBytes)
	r.ReplayMessages = orDefault(r.ReplayMessages, DefaultReplayMessages)
	r.Credit = orDefault(r.Credit, DefaultCredit)
	r.MaxCredit = max(orDefault(r.MaxCredit, DefaultMaxCredit), r.Credit)
	r.DetachedFor = orDefault(r.DetachedFor, DefaultDetachedFor)
	if r.Budget == nil {
		r.Budget = defaultBudget
	}
	r.MaxMessage = orDefault(r.MaxMessage, max(smallMessage, min(DefaultMaxMessage, r.Budget.limit)))
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case r.Credit < minCredit:
		return r, fmt.Errorf("session: Config.Credit is %d, needs %d", r.Credit, minCredit)
	case r.ReplayBytes < 2*largeBlock:
		return r, fmt.Errorf("session: Config.ReplayBytes is %d, needs %d", r.ReplayBytes, 2*largeBlock)
	case r.ReplayMessages < 2 || r.MaxMessage < maxFragment || r.MaxMessage > 1<<31-1:
		return r, errors.New("session: Config.ReplayMessages or MaxMessage is out of range")
	case r.MaxCredit > 1<<31-1 || r.LongPath > 1<<31-1-r.MaxCredit:
		return r, errors.New("session: Config.MaxCredit and LongPath are out of range")
	case r.MaxMessage > max(smallMessage, r.Budget.limit):
		return r, fmt.Errorf("session: Config.MaxMessage is %d, above the budget of %d", r.MaxMessage, r.Budget.limit)
	case r.Heartbeat < 0 || r.Window <= r.Heartbeat:
		return r, fmt.Errorf("session: Config.Window (%v) must be above Heartbeat (%v)", r.Window, r.Heartbeat)
	}
	return r, nil
}

// replay is the ordinary extent of the replay buffer.
func (c *Config) replay() extent { return extent{c.ReplayBytes, uint64(c.ReplayMessages)} }

// stretchedReplay is its extent for a path that holds so many bytes.
func (c *Config) stretchedReplay(path int) extent {
	most := min(max(path, c.ReplayBytes), c.ReplayBytes+c.LongPath)
	return extent{most, uint64(float64(c.ReplayMessages) * float64(most) / float64(c.ReplayBytes))}
}
