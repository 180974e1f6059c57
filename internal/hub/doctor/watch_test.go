package doctor

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/power/powertest"
)

func newMachine(t *testing.T) *powertest.Machine { return powertest.New(t) }

// script is a hub whose instances do as a test says.
type script struct {
	mu      sync.Mutex
	status  *api.Status // nil: it is away
	history map[string][]api.Change
	rev     uint64
	changed chan struct{}
	now     func() time.Time // by the wall clock
}

func newScript(ids ...string) *script {
	h := &script{now: time.Now, status: &api.Status{Hub: api.HubStatus{PID: 7}}, history: make(map[string][]api.Change), changed: make(chan struct{})}
	for _, id := range ids {
		h.status.Instances = append(h.status.Instances, api.Instance{ID: id, Name: "name-" + id, State: api.Connecting})
	}
	for _, id := range ids {
		h.to(id, api.Active)
	}
	return h
}

var errAway = &api.Error{Code: api.CodeNoHub, Message: "no hub is running"}

func (h *script) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	h.rev++
	close(h.changed)
	h.changed = make(chan struct{})
}

// to changes the state of an instance. Active means that something was heard of it.
func (h *script) to(id string, state api.State) {
	h.set(func() {
		now := h.now()
		for n := range h.status.Instances {
			i := &h.status.Instances[n]
			if i.ID != id {
				continue
			}
			h.history[id] = append(h.history[id], api.Change{At: now, From: i.State, To: state})
			if state == api.Active {
				i.LastHeardAt = &now
				if i.State == api.Retrying {
					i.Resumes++
					i.LastResume = &api.Resume{At: now}
				}
			}
			i.State = state
		}
	})
}

// heard is a sign of life, which is no change of state.
func (h *script) heard(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	for n := range h.status.Instances {
		if i := &h.status.Instances[n]; i.ID == id {
			i.LastHeardAt = &now
		}
	}
}

func (h *script) Status(context.Context) (*api.Status, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.status == nil {
		return nil, errAway
	}
	s := *h.status
	s.Instances = slices.Clone(s.Instances)
	return &s, nil
}

func (h *script) History(_ context.Context, id string) (*api.History, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.status == nil {
		return nil, errAway
	}
	return &api.History{ID: id, Name: "name-" + id, Changes: slices.Clone(h.history[id])}, nil
}

func (h *script) Events(ctx context.Context) iter.Seq2[api.Revisions, error] {
	return func(yield func(api.Revisions, error) bool) {
		for {
			h.mu.Lock()
			there, rev, changed := h.status != nil, h.rev, h.changed
			h.mu.Unlock()
			if !there {
				yield(api.Revisions{}, errAway)
				return
			}
			if !yield(api.Revisions{Status: rev}, nil) {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				yield(api.Revisions{}, ctx.Err())
				return
			}
		}
	}
}

// stage is a watch of a made-up machine and hub.
type stage struct {
	*powertest.Machine
	t   *testing.T
	hub *script

	mu      sync.Mutex
	entries []Entry
}

// staged runs f beside a watch, in virtual time.
func staged(t *testing.T, hub *script, f func(*stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{Machine: powertest.New(t), t: t, hub: hub}
		s.hub.changed = make(chan struct{}) // of this bubble
		s.hub.now = func() time.Time { return s.Status().Clocks.Wall }
		for _, i := range s.hub.status.Instances {
			s.hub.heard(i.ID)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- Watch(ctx, s.Monitor, s.hub, func(e Entry) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.entries = append(s.entries, e)
				return nil
			})
		}()
		synctest.Wait()
		f(s)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// take returns what was told since.
func (s *stage) take() []Entry {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.entries = nil }()
	return s.entries
}

// verdict returns the only one that was told since.
func (s *stage) verdict() *Verdict {
	s.t.Helper()
	var v *Verdict
	for _, e := range s.take() {
		if e.Verdict != nil && v != nil {
			s.t.Errorf("two verdicts")
		}
		if e.Verdict != nil {
			v = e.Verdict
		}
	}
	if v == nil {
		s.t.Fatal("no verdict")
	}
	return v
}

func TestWatchTellsOfTheMachine(t *testing.T) {
	staged(t, newScript(), func(s *stage) {
		s.take()
		s.Suspend()
		s.Sleep(time.Hour)
		s.Resume()
		time.Sleep(time.Second)
		s.SetNetwork(powertest.Work)
		var kinds []string
		for _, e := range s.take() {
			if e.Event == nil {
				continue
			}
			kinds = append(kinds, e.Event.Kind)
			switch e.Event.Kind {
			case "resume":
				if e.Event.SleptMillis != 3600e3 || e.Event.Source != string(powertest.Source) {
					t.Errorf("%+v", e.Event)
				}
			case "network-change":
				n := e.Event.Network
				if n == nil || !n.Online || !n.RouteChanged || !slices.Contains(n.Added, "10.20.30.40/16") ||
					!slices.Contains(n.Removed, "192.168.1.7/24") || !strings.Contains(n.Route4, "eth0") {
					t.Errorf("%+v", n)
				}
			}
		}
		if !slices.Equal(kinds, []string{"suspend", "resume", "network-change"}) {
			t.Errorf("%q", kinds)
		}
	})
}

func TestWatchTellsOfSessions(t *testing.T) {
	staged(t, newScript("a", "b"), func(s *stage) {
		if first := s.take(); len(first) != 1 || first[0].Hub == nil || !first[0].Hub.Running || first[0].Hub.PID != 7 {
			t.Errorf("at first: %+v", first)
		}
		s.hub.to("a", api.Retrying)
		s.hub.to("a", api.Active)
		news := s.take()
		if len(news) != 2 || news[0].Session == nil || news[0].Session.To != api.Retrying || news[1].Session.To != api.Active ||
			news[0].Session.Name != "name-a" {
			t.Errorf("%+v", news)
		}
		saved := s.hub.status
		s.hub.set(func() { s.hub.status = nil })
		time.Sleep(time.Minute)
		if news := s.take(); len(news) != 1 || news[0].Hub == nil || news[0].Hub.Running || !strings.Contains(news[0].Hub.Error, "no hub") {
			t.Errorf("the hub went: %+v", news)
		}
		s.hub.set(func() {
			next := *saved
			next.Hub.PID = 8
			s.hub.status, s.hub.history = &next, make(map[string][]api.Change)
		})
		s.hub.to("b", api.Suspect)
		time.Sleep(time.Second)
		if news := s.take(); len(news) != 2 || news[0].Hub == nil || news[0].Hub.PID != 8 || news[1].Session.To != api.Suspect {
			t.Errorf("another hub: %+v", news)
		}
	})
}

// Sessions that are confirmed or resumed pass, and it is told how soon.
func TestH2_VerdictPass(t *testing.T) {
	staged(t, newScript("a", "b", "off"), func(s *stage) {
		s.hub.to("off", api.Stopped)
		time.Sleep(10 * time.Second)
		s.take()
		s.Suspend()
		s.hub.to("b", api.Suspect)
		s.Sleep(8 * time.Minute)
		time.Sleep(10 * time.Second) // what was heard is that old
		s.Resume()
		time.Sleep(20 * time.Millisecond)
		s.hub.heard("a")
		s.hub.to("b", api.Retrying)
		time.Sleep(300 * time.Millisecond)
		s.hub.to("b", api.Active)
		time.Sleep(time.Second)
		v := s.verdict()
		if v.Outcome != Pass || v.Sessions != 2 || v.Confirmed != 1 || v.Resumed != 1 || v.SleptMillis != 8*60e3 {
			t.Errorf("%+v", v)
		}
		if v.Millis != 320 || len(v.Late) > 0 {
			t.Errorf("the last was back after %v ms: %+v", v.Millis, v)
		}
	})
}

// One that is not back in time fails, also if it claims to be active and was not heard of; and so
// does a hub that went.
func TestH2_VerdictFail(t *testing.T) {
	staged(t, newScript("a", "b", "silent"), func(s *stage) {
		time.Sleep(time.Minute)
		s.take()
		s.Resume() // no sleep: no verdict
		time.Sleep(time.Minute)
		if told := s.take(); len(told) > 0 {
			t.Errorf("%+v", told)
		}
		s.Sleep(time.Second)
		s.hub.to("b", api.Retrying)
		s.Resume()
		s.hub.heard("a")
		s.hub.heard("b") // the end of what was on its way
		time.Sleep(VerdictTime + time.Second)
		if v := s.verdict(); v.Outcome != Fail || !slices.Equal(v.Late, []string{"b", "silent"}) || v.Confirmed != 1 || v.Why == "" {
			t.Errorf("%+v", v)
		}
		s.Sleep(time.Second)
		s.Resume()
		s.hub.set(func() { s.hub.status = nil })
		time.Sleep(VerdictTime + time.Second)
		if v := s.verdict(); v.Outcome != Fail {
			t.Errorf("%+v", v)
		}
		s.Sleep(time.Second)
		s.Resume()
		time.Sleep(VerdictTime + time.Second)
		if v := s.verdict(); v.Outcome != None || v.Why == "" {
			t.Errorf("without a hub: %+v", v)
		}
	})
}

// A second wake ends the waiting for the first.
func TestVerdictOfEachWake(t *testing.T) {
	staged(t, newScript("a"), func(s *stage) {
		s.hub.to("a", api.Retrying)
		time.Sleep(time.Minute)
		for range 2 {
			s.Sleep(time.Minute)
			s.Resume()
			synctest.Wait()
		}
		time.Sleep(VerdictTime + time.Second)
		n := 0
		for _, e := range s.take() {
			if e.Verdict != nil {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d verdicts of 2 wakes", n)
		}
	})
}

// Who can't be told ends the watch.
func TestWatchEndsWithItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		hub := newScript()
		broken := errors.New("broken pipe")
		if err := Watch(t.Context(), m.Monitor, hub, func(Entry) error { return broken }); !errors.Is(err, broken) {
			t.Error(err)
		}
		m.Close()
		if err := Watch(t.Context(), m.Monitor, hub, func(Entry) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}
