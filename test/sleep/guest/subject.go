//go:build sleep && linux

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/test/sleep/side"
	"github.com/standardbeagle/brum/wsconn"
)

// subject is a program built on the library: a session under a guard, which goes straight to
// the other side, with no proxy between.
type subject struct {
	session *session.Session
	wrote   writes

	mu      sync.Mutex
	events  []side.PowerEvent
	changes []session.Change
	count   int // messages sent
}

func newSubject() (*subject, error) {
	roots := x509.NewCertPool()
	trusted, err := os.ReadFile(cert)
	if err != nil {
		return nil, err
	}
	roots.AppendCertsFromPEM(trusted)
	monitor, err := power.New(power.WithWho("guest"))
	if err != nil {
		return nil, err
	}
	s := &subject{}
	go s.watchPower(monitor.Subscribe())
	s.session, err = brum.NewGuard(monitor).Dial(
		"wss://"+side.OutsideAddress+":"+side.SessionPort+"/", &session.Config{Key: []byte(side.SessionKey)},
		&wsconn.DialOptions{TLS: &tls.Config{RootCAs: roots}, DialContext: s.wrote.dial})
	if err == nil {
		go s.watchSession()
	}
	return s, err
}

func (s *subject) watchPower(events *power.Subscription) {
	for e := range events.C {
		s.mu.Lock()
		s.events = append(s.events, side.PowerEvent{Kind: e.Kind.String(), Source: string(e.Source), Slept: e.Slept, At: e.Time})
		s.mu.Unlock()
	}
}

func (s *subject) watchSession() {
	for ch := range s.session.Watch(context.Background()) {
		ch.At = ch.At.Round(0)
		s.mu.Lock()
		s.changes = append(s.changes, ch)
		s.mu.Unlock()
	}
}

// echo sends a message and waits until it has come back.
func (s *subject) echo(ctx context.Context) error {
	s.count++
	sent := fmt.Sprint("message ", s.count)
	if err := s.session.Send(ctx, []byte(sent)); err != nil {
		return err
	}
	got, err := s.session.Receive(ctx)
	if err == nil && string(got) != sent {
		err = fmt.Errorf("%q came back as %q", sent, got)
	}
	return err
}

func (s *subject) state() side.Session {
	stats := s.session.Stats()
	st := side.Session{ID: stats.ID.String(), State: stats.State.String(), Resumes: stats.Resumes, RTT: stats.RTT}
	if stats.LastResume != nil {
		st.Trigger = stats.LastResume.Trigger.String()
	}
	return st
}

// heard is how many power events there have been, and eventsFrom are those after so many.
func (s *subject) heard() int { return len(s.eventsFrom(0)) }

func (s *subject) eventsFrom(n int) []side.PowerEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events[n:])
}

// activeAfter is when the session first was active after t, zero if it has not been.
func (s *subject) activeAfter(t time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ch := range s.changes {
		if ch.To == session.Active && ch.At.After(t) {
			return ch.At
		}
	}
	return time.Time{}
}
