package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/standardbeagle/brum/session"
)

// DefaultMaxPeers is the default of SessionsOptions.MaxPeers.
const DefaultMaxPeers = 200

// SessionsOptions configure Sessions. A zero field means its default.
type SessionsOptions struct {
	// MaxPeers bounds the peers that are told apart.
	MaxPeers int
}

// Sessions is a collector that tells of sessions: of those whose Config.Observe is from Peer.
type Sessions struct {
	maxPeers int
	times    times

	mu sync.Mutex
	// guards following; sessions' mutexes may be taken while it is held, as observers are called
	// without any
	peers  map[string]*peer
	of     map[*session.Session]*peer // of each session that has not ended
	errors map[failure]uint64
	ended  map[string]uint64 // by reason
	waits  map[*wait]struct{}
}

var _ prometheus.Collector = (*Sessions)(nil)

// NewSessions returns a collector that knows no session yet. o may be nil.
func NewSessions(o *SessionsOptions) *Sessions {
	m := &Sessions{
		maxPeers: DefaultMaxPeers,
		times:    newTimes(),
		peers:    make(map[string]*peer),
		of:       make(map[*session.Session]*peer),
		errors:   make(map[failure]uint64),
		ended:    make(map[string]uint64),
		waits:    make(map[*wait]struct{}),
	}
	if o != nil && o.MaxPeers > 0 {
		m.maxPeers = o.MaxPeers
	}
	for f := range allFailures {
		m.errors[f] = 0
	}
	for reason := range allReasons {
		m.ended[reason] = 0
	}
	return m
}

// Peer returns an observer for session.Config.Observe. What it is told counts for the peer with
// that name. Any number of sessions may have the same.
func (m *Sessions) Peer(name string) func(*session.Session, session.Event) {
	name = peerLabel(name)
	return func(s *session.Session, e session.Event) { m.observe(name, s, e) }
}

func (m *Sessions) observe(name string, s *session.Session, e session.Event) {
	m.mu.Lock()
	p := m.peerOf(name, s, e.Kind)
	p.count(e)
	m.countErrors(e)
	switch e.Kind {
	case session.EventEnded:
		m.end(p, s)
		m.answered(s)
	case session.EventMeasured, session.EventLinkLost:
		m.answered(s)
	}
	m.mu.Unlock()
	m.times.observe(s.ID(), e)
}

// peerOf returns whom an event of s counts for. A session is known from its first event, unless
// that comes so late that the session has ended.
func (m *Sessions) peerOf(name string, s *session.Session, kind session.EventKind) *peer {
	if p := m.of[s]; p != nil {
		return p
	}
	p := m.peer(name)
	over := false
	select {
	case <-s.Done():
		over = true
	default:
	}
	if !over {
		m.of[s] = p
		p.live++
	}
	if !over || kind == session.EventEnded {
		p.begun++
	}
	return p
}

// end keeps what a session that has ended counted.
func (m *Sessions) end(p *peer, s *session.Session) {
	p.past.add(s.Stats())
	if m.of[s] != nil {
		delete(m.of, s)
		p.leave()
	}
}

// Describe implements prometheus.Collector.
func (m *Sessions) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range sessionMetrics() {
		ch <- d.Desc()
	}
	ch <- sessionErrors.desc
	ch <- sessionsEnded.desc
	m.times.describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Sessions) Collect(ch chan<- prometheus.Metric) {
	for _, v := range m.values() {
		ch <- v
	}
	m.times.collect(ch)
}

// values looks at all sessions at one moment: one that ends then is counted either as alive or as
// past, and never twice.
func (m *Sessions) values() []prometheus.Metric {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := make(map[*peer]*present, len(m.peers))
	for _, p := range m.peers {
		now[p] = &present{totals: p.past}
	}
	for s, p := range m.of {
		now[p].add(s.Stats())
	}
	var values []prometheus.Metric
	for p, n := range now {
		values = p.append(values, n)
	}
	for f, n := range m.errors {
		values = append(values, sessionErrors.value(float64(n), f.during, word(f.kind.String())))
	}
	for reason, n := range m.ended {
		values = append(values, sessionsEnded.value(float64(n), reason))
	}
	return values
}
