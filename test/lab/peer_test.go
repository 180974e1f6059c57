//go:build integration && linux

package lab

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/test/lab/internal/report"
)

// labKey is the secret of the lab's sessions.
const labKey = "a key that is good for the lab only"

// peer is a running internal/peer.
type peer struct {
	*process
	in io.Closer

	mu sync.Mutex
	// guards following
	lines []report.Line
	state map[int]string // of each session
}

// startPeer starts one on h.
func startPeer(h *host, role string, args ...string) *peer {
	h.t.Helper()
	cmd := h.command(filepath.Join(bin, "peer"), append([]string{"-role", role}, args...)...)
	cmd.Env = append(os.Environ(), "LAB_KEY="+labKey)
	in, err := cmd.StdinPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	p := &peer{in: in, state: make(map[int]string)}
	r, w := io.Pipe()
	cmd.Stdout = w
	go report.Read(r, p.take)
	p.process = start(h.t, cmd)
	return p
}

// take notes a line.
func (p *peer) take(l report.Line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, l)
	if l.Change != nil {
		p.state[l.Session] = l.Change.To
	}
}

// said returns a copy of all lines so far.
func (p *peer) said() []report.Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// address waits until the peer listens.
func (p *peer) address() (address string) {
	p.t.Helper()
	await(p.t, "a peer to listen", func() bool {
		for _, l := range p.said() {
			if l.Ready != nil {
				address = l.Ready.Address
			}
		}
		return address != ""
	})
	return address
}

// allActive reports whether n sessions are.
func (p *peer) allActive(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	active := 0
	for _, s := range p.state {
		if s == "active" {
			active++
		}
	}
	return active == n
}

// finish lets it end, and returns the ledgers of its sessions by their ids.
func (p *peer) finish() map[string]*report.Ledger {
	p.t.Helper()
	p.in.Close()
	p.awaitEnd(90 * time.Second)
	return p.ledgers()
}

func (p *peer) ledgers() map[string]*report.Ledger {
	ledgers := make(map[string]*report.Ledger)
	for _, l := range p.said() {
		if l.Ledger != nil {
			ledgers[l.Ledger.ID] = l.Ledger
		}
	}
	return ledgers
}

// pair is two hosts with sessions between them.
type pair struct {
	t            *testing.T
	a, b         *host // who dials, who accepts
	dial, accept *peer
	sessions     int
	certificate  string
	url          string
	args         []string // of both peers
}

// Ports on the accepting host.
const (
	acceptPort = "7443"
	pathPort   = "7444"
)

// newPair starts n sessions between two hosts; args are for both peers.
func newPair(t *testing.T, n int, args ...string) *pair {
	t.Helper()
	a, b := newHosts(t)
	p := &pair{t: t, a: a, b: b, sessions: n, url: "wss://" + acceptorAddress + ":" + acceptPort, args: args}
	p.startAccept()
	p.startDial()
	return p
}

// newPairThrough is newPair with a path between, which is as args say.
func newPairThrough(t *testing.T, n int, pathArgs []string, args ...string) *pair {
	t.Helper()
	a, b := newHosts(t)
	p := &pair{t: t, a: a, b: b, sessions: n, url: "wss://" + acceptorGateway + ":" + pathPort, args: args}
	p.startAccept()
	startPeer(b, "path", append([]string{"-listen", ":" + pathPort, "-target", acceptorAddress + ":" + acceptPort}, pathArgs...)...).address()
	p.startDial()
	return p
}

func (p *pair) startAccept() {
	p.t.Helper()
	p.certificate = filepath.Join(p.b.dir, "certificate")
	p.accept = startPeer(p.b, "accept", append([]string{"-listen", ":" + acceptPort, "-certificate", p.certificate,
		"-names", acceptorName + "," + acceptorAddress + "," + acceptorGateway}, p.args...)...)
	p.accept.address()
}

func (p *pair) startDial() {
	p.t.Helper()
	p.dial = startPeer(p.a, "dial", append([]string{"-target", p.url, "-certificate", p.certificate,
		"-sessions", strconv.Itoa(p.sessions)}, p.args...)...)
	p.awaitActive()
}

func (p *pair) awaitActive() {
	p.t.Helper()
	defer func() {
		if p.t.Failed() {
			p.dial.mu.Lock()
			defer p.dial.mu.Unlock()
			p.t.Logf("states of the sessions: %v", p.dial.state)
		}
	}()
	await(p.t, "all sessions to be active", func() bool { return p.dial.allActive(p.sessions) })
}
