package sessiontest

import (
	"sync"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/standardbeagle/brum/session"
)

// Peer is the other side of a session, and does what the test says. It keeps the accounts
// that the protocol asks for (numbers, digests, cursors, offsets), answers PINGs, and checks
// all that comes against docs/protocol.md; the test fails at the first thing that is wrong.
// Everything else is the test's: acknowledgements and credit, too.
//
// Its exported fields may be changed before an attach. Its methods are for the goroutine that
// runs the test.
type Peer struct {
	// Key is the secret of both sides.
	Key []byte
	// Session is the session's name, chosen by the dialing side.
	Session session.ID
	// Owner is what a dialing peer says of itself.
	Owner session.ID
	// Incarnation is this peer's, Other the tested side's; 0 until known.
	Incarnation, Other uint64
	// Attempt is the highest number of an attempt, made or seen.
	Attempt uint64
	// MaxMessage and Credit are what the peer grants at attach.
	MaxMessage, Credit uint32
	// Patience is how long the Want methods wait.
	Patience time.Duration

	t        testing.TB
	attempts attempts
	wg       sync.WaitGroup

	mu sync.Mutex
	// guards following
	news     chan struct{} // closed and replaced when something has come
	link     *peerLink
	former   *peerLink // the one that link has replaced
	accounts accounts
	mute     bool
}

// NewPeer returns a peer that holds key. It is closed at the end of the test.
func NewPeer(t testing.TB, key []byte) *Peer {
	p := &Peer{
		Key:         key,
		Session:     session.NewID(),
		Incarnation: uint64(time.Now().UnixNano()),
		MaxMessage:  1 << 20,
		Credit:      minCredit,
		Patience:    10 * time.Second,
		t:           t,
		news:        make(chan struct{}),
		attempts:    attempts{queue: make(chan *Attempt, 64), over: make(chan struct{})},
	}
	p.accounts.init(p)
	t.Cleanup(p.close)
	return p
}

func (p *Peer) close() {
	close(p.attempts.over)
	p.mu.Lock()
	former := p.former
	p.mu.Unlock()
	if former != nil {
		former.end()
	}
	p.Cut()
	p.wg.Wait()
}

// Mute lets the peer answer no more PINGs.
func (p *Peer) Mute() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = true
}

// Unmute lets it answer them again, from the next one on.
func (p *Peer) Unmute() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = false
}

// Cut ends the current link, if there is one, and forgets what it brought and the test has
// not asked for.
func (p *Peer) Cut() {
	p.mu.Lock()
	l := p.link
	p.link = nil
	p.mu.Unlock()
	if l != nil {
		l.end()
	}
}

// Position is the peer's, for an attach message.
func (p *Peer) Position() Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := &p.accounts
	return Position{
		Next:   a.received.next(),
		Digest: a.received.digest(a.received.next()),
		Oldest: a.acked,
		Sent:   a.sent.next(),
	}
}

// Forget makes the peer one that did not get the tested side's last n frames: they were lost
// with their link. The tested side has to send them again.
func (p *Peer) Forget(n int) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	a := &p.accounts
	keep := len(a.received) - n
	if keep < int(a.told) {
		p.t.Fatalf("sessiontest: the peer has acknowledged %d frames and can't forget %d of %d", a.told, n, len(a.received))
	}
	for _, raw := range a.received[keep:] {
		f, _ := parseFrame(raw) // has been parsed before
		a.uncount(&f)
	}
	a.received = a.received[:keep]
}

// ledger is all the sequenced frames of one direction, encoded, from number 0 on.
type ledger [][]byte

func (l ledger) next() uint64 { return uint64(len(l)) }

// digest is that of all frames below n (§5.3).
func (l ledger) digest(n uint64) uint64 {
	d := xxhash.New()
	for _, raw := range l[:n] {
		_, _ = d.Write(raw) // never fails
	}
	return d.Sum64()
}
