package hub

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/history"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/session"
)

func TestConnectsWhatItFinds(t *testing.T) {
	a, b := newTestInstance(t, "a-1", "web"), newTestInstance(t, "b-1", "api")
	h := startHub(t, nil)
	h.source.sees(a.found, b.found, Found{ID: "old-1", Name: "old", Directory: "/old", Life: "1"})
	h.reaches(t, "a-1", api.Active)
	h.reaches(t, "b-1", api.Active)
	h.echo(t, t.Context(), "web")

	old := h.one(t, "old-1")
	if old.State != api.Discovered || old.Transport != api.TransportHTTP || old.LastError == "" {
		t.Errorf("an instance without sessions: %+v", old)
	}
	if _, err := h.Call(t.Context(), api.CallRequest{Instance: "old", Tool: "echo"}, nil); api.CodeOf(err) != api.CodeNoSession {
		t.Errorf("call to it: %v", err)
	}
	s := h.one(t, "a-1")
	if s.SessionID == "" || s.Epoch == 0 || s.ConnectedSince == nil || s.Resumes != 0 || s.LastResume != nil || s.LastError != "" {
		t.Errorf("active: %+v", s)
	}
	status, err := h.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range status.Instances {
		names = append(names, i.Name)
	}
	if want := []string{"api", "old", "web"}; !slices.Equal(names, want) {
		t.Errorf("listed %v, want %v", names, want)
	}
}

func TestForgetsWhatIsGone(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, nil)
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	accepted := await(t, "session", a.sessions)
	result := make(chan error, 1)
	go func() {
		_, err := h.Call(context.Background(), api.CallRequest{Instance: "a-1", Tool: "block"}, nil)
		result <- err
	}()
	await(t, "call", a.blocking)

	h.source.sees()
	if err := await(t, "end of the call", result); api.CodeOf(err) != api.CodeOutcomeUnknown {
		t.Errorf("the call that was under way: %v", err)
	}
	await(t, "end of the session", accepted.Done())
	if s, _ := h.Status(t.Context()); len(s.Instances) != 0 {
		t.Errorf("still listed: %+v", s.Instances)
	}
	if _, err := h.Call(t.Context(), api.CallRequest{Instance: "a-1", Tool: "echo"}, nil); api.CodeOf(err) != api.CodeUnknownInstance {
		t.Errorf("call to it: %v", err)
	}
}

func TestResumeIsToldInStatusAndHistory(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, nil)
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	before := h.one(t, "a-1")
	a.proxy.Admit(faultproxy.Refuse)
	a.proxy.Cut(faultproxy.RST)
	// The state is the session's, and may be there a moment before what the hub notes of it.
	h.until(t, "the reason of the outage", func(s *api.Status) bool {
		i := s.Instances[0]
		return i.State == api.Retrying && i.LastError != "" && i.ConnectedSince == nil
	})
	a.proxy.Heal()
	h.until(t, "the resume", func(s *api.Status) bool {
		return s.Instances[0].State == api.Active && s.Instances[0].LastError == ""
	})
	after := h.one(t, "a-1")
	if after.SessionID != before.SessionID || after.Resumes != 1 || after.Epoch <= before.Epoch || after.LastError != "" {
		t.Errorf("after the resume: %+v, before %+v", after, before)
	}
	if r := after.LastResume; r == nil || r.OutageMillis <= 0 || r.Trigger == "" || r.At.IsZero() {
		t.Errorf("last resume: %+v", r)
	}
	isResume := func(c api.Change) bool { return c.From == api.Retrying && c.To == api.Active }
	var past *api.History
	h.until(t, "the resume in the history", func(*api.Status) bool {
		var err error
		if past, err = h.History(t.Context(), "web"); err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(past.Changes, isResume)
	})
	var states []api.State
	for _, c := range past.Changes {
		states = append(states, c.To)
	}
	// The very moment of the loss may show as suspect, depending on who notices.
	states = slices.DeleteFunc(states, func(s api.State) bool { return s == api.Suspect })
	if want := []api.State{api.Active, api.Retrying, api.Active}; !slices.Equal(states, want) {
		t.Errorf("history %v, want %v: %+v", states, want, past.Changes)
	}
	c := past.Changes[slices.IndexFunc(past.Changes, isResume)]
	if c.OutageMillis <= 0 || c.Trigger == "" || c.SessionID != before.SessionID {
		t.Errorf("the resume: %+v", c)
	}
	r := c.Reconnect
	if r == nil || r.LostAt.IsZero() || r.Trigger == "" || r.Error == "" || r.Dials < 1 || r.RoundTrips != 2 || r.Session != api.SessionKept {
		t.Fatalf("its story: %+v", r)
	}
	for _, part := range []string{"Lost at ", "the connection failed", r.Error, "; back at ", " dial", "(2 round trips)", "same session, "} {
		if !strings.Contains(c.Why, part) {
			t.Errorf("the sentence %q lacks %q", c.Why, part)
		}
	}
	timeline, err := h.Timeline(t.Context(), api.TimelineQuery{})
	if err != nil || len(timeline.Instances) != 1 {
		t.Fatalf("%+v, %v", timeline, err)
	}
	if spans := timeline.Instances[0].Spans; len(spans) < 3 || spans[len(spans)-1].State != api.Active {
		t.Errorf("spans %+v", spans)
	}
}

// What became of an instance can be asked for after it has gone, and after the hub has.
func TestL2_HistoryOfWhatIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	a := newTestInstance(t, "a-1", "web")
	book := history.Open(t.Context(), path, slog.New(slog.DiscardHandler))
	h := startHub(t, func(c *Config) { c.History = book })
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	h.source.sees()
	check := func(h *testHub, ref string) {
		t.Helper()
		past, err := h.History(t.Context(), ref)
		if err != nil || past.ID != "a-1" || past.Name != "web" || !slices.ContainsFunc(past.Changes, func(c api.Change) bool { return c.To == api.Active }) {
			t.Errorf("%s: %+v, %v", ref, past, err)
		}
	}
	check(h, "web")
	h.cancel()
	<-h.ended
	h.ended <- nil
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	book = history.Open(t.Context(), path, slog.New(slog.DiscardHandler))
	next := startHub(t, func(c *Config) { c.History = book })
	t.Cleanup(func() { book.Close() })
	next.source.sees()
	check(next, "a-1")
	if _, err := next.History(t.Context(), "other"); api.CodeOf(err) != api.CodeUnknownInstance {
		t.Errorf("%v", err)
	}
}

func TestInstanceStartedAnew(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, nil)
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	before := h.one(t, "a-1")
	result := make(chan error, 1)
	go func() {
		_, err := h.Call(context.Background(), api.CallRequest{Instance: "a-1", Tool: "block"}, nil)
		result <- err
	}()
	await(t, "call", a.blocking)

	a.stop()
	a.found.Key = []byte("another key of 16 bytes")
	a.found.Life, a.found.Fresh = "2", "2"
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.proxy.Retarget(ln.Addr().String())
	a.start(t, ln)
	h.source.sees(a.found)

	if err := await(t, "end of the call", result); api.CodeOf(err) != api.CodeOutcomeUnknown {
		t.Errorf("the call that was under way: %v", err)
	}
	h.until(t, "another session", func(s *api.Status) bool {
		return s.Instances[0].State == api.Active && s.Instances[0].SessionID != before.SessionID
	})
	h.echo(t, t.Context(), "a-1")
}

// A hub must notice by itself that its session is lost, before any file tells.
func TestSessionLost(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, nil)
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	before := h.one(t, "a-1")

	await(t, "session", a.sessions).CloseNow()
	h.until(t, "another session", func(s *api.Status) bool {
		return s.Instances[0].State == api.Active && s.Instances[0].SessionID != before.SessionID
	})
	h.echo(t, t.Context(), "a-1")
}

func TestDisconnectLastsUntilConnect(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	path := filepath.Join(t.TempDir(), "stops.json")
	withStops := func(c *Config) {
		stops, err := LoadStops(path)
		if err != nil {
			t.Fatal(err)
		}
		c.Stops = stops
	}
	h := startHub(t, withStops)
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	accepted := await(t, "session", a.sessions)
	if s, err := h.Disconnect(t.Context(), "web"); err != nil || s.State != api.Stopped {
		t.Fatalf("disconnect: %+v, %v", s, err)
	}
	await(t, "end of the session", accepted.Done())
	a.found.Life, a.found.Fresh = "2", "2"
	h.source.sees(a.found)
	h.source.sees()
	h.source.sees(a.found)
	if s := h.one(t, "a-1"); s.State != api.Stopped {
		t.Errorf("an announcement undid it: %+v", s)
	}
	if _, err := h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "echo"}, nil); api.CodeOf(err) != api.CodeStopped {
		t.Errorf("call: %v", err)
	}

	next := startHub(t, withStops) // the hub's restart does not undo it either
	next.source.sees(a.found)
	if s := next.one(t, "a-1"); s.State != api.Stopped {
		t.Errorf("a restart undid it: %+v", s)
	}
	if s, err := next.Connect(t.Context(), "web"); err != nil || s.State != api.Active {
		t.Fatalf("connect: %+v, %v", s, err)
	}
	next.echo(t, t.Context(), "web")
}

// TestF2_ShutdownInAnyState ends hubs in every state in which something may be waited for.
func TestF2_ShutdownInAnyState(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *testHub, *testInstance){
		"active": func(t *testing.T, h *testHub, a *testInstance) {
			h.source.sees(a.found)
			h.reaches(t, "a-1", api.Active)
		},
		"during a call": func(t *testing.T, h *testHub, a *testInstance) {
			h.source.sees(a.found)
			result := make(chan error, 1)
			go func() {
				_, err := h.Call(context.Background(), api.CallRequest{Instance: "a-1", Tool: "block"}, nil)
				result <- err
			}()
			await(t, "call", a.blocking)
			t.Cleanup(func() {
				if err := await(t, "end of the call", result); api.CodeOf(err) != api.CodeOutcomeUnknown {
					t.Errorf("the call: %v", err)
				}
			})
		},
		"connecting to silence": func(t *testing.T, h *testHub, a *testInstance) {
			a.proxy.Blackhole()
			h.source.sees(a.found)
			h.reaches(t, "a-1", api.Connecting)
		},
		"connecting to nobody": func(t *testing.T, h *testHub, a *testInstance) {
			a.proxy.Admit(faultproxy.Refuse)
			h.source.sees(a.found)
			h.reaches(t, "a-1", api.Connecting)
		},
		"in the MCP handshake": func(t *testing.T, h *testHub, a *testInstance) {
			a.serveMCP.Store(false)
			h.source.sees(a.found)
			await(t, "session", a.sessions)
		},
		"silent link": func(t *testing.T, h *testHub, a *testInstance) {
			h.source.sees(a.found)
			h.reaches(t, "a-1", api.Active)
			a.proxy.Blackhole()
		},
		"retrying": func(t *testing.T, h *testHub, a *testInstance) {
			h.source.sees(a.found)
			h.reaches(t, "a-1", api.Active)
			a.proxy.Admit(faultproxy.Refuse)
			a.proxy.Cut(faultproxy.RST)
			h.reaches(t, "a-1", api.Retrying)
		},
		"call that waits": func(t *testing.T, h *testHub, a *testInstance) {
			a.proxy.Blackhole()
			h.source.sees(a.found)
			result := make(chan error, 1)
			go func() {
				_, err := h.Call(context.Background(), api.CallRequest{Instance: "a-1", Tool: "echo"}, nil)
				result <- err
			}()
			t.Cleanup(func() {
				if err := await(t, "end of the call", result); api.CodeOf(err) != api.CodeShuttingDown {
					t.Errorf("the call: %v", err)
				}
			})
		},
		"stalled": func(t *testing.T, h *testHub, a *testInstance) {
			a.serveMCP.Store(false) // nobody reads
			h.source.sees(a.found)
			s := await(t, "session", a.sessions)
			h.stall(t, "a-1")
			if s.Stats().InboxBytes == 0 {
				t.Error("nothing waits to be read")
			}
		},
		"in a pause": func(t *testing.T, h *testHub, a *testInstance) {
			a.found.Key = []byte("another key, 16 bytes at least")
			h.source.sees(a.found)
			h.until(t, "a pause", func(s *api.Status) bool {
				return s.Instances[0].State == api.Retrying && s.Instances[0].NextAttemptAt != nil
			})
		},
		"in line for a connection": func(t *testing.T, h *testHub, a *testInstance) {
			other := a.found
			other.ID = "b-1"
			h.source.sees(a.found)
			h.reaches(t, "a-1", api.Active)
			h.source.sees(a.found, other)
			h.reaches(t, "b-1", api.Retrying)
		},
		"at once": func(*testing.T, *testHub, *testInstance) {},
	} {
		files := limits.OpenFiles()
		t.Run(name, func(t *testing.T) {
			a := newTestInstance(t, "a-1", "web")
			h := startHub(t, func(c *Config) { c.MaxConnections = 1 })
			prepare(t, h, a)
			began := time.Now()
			h.cancel()
			err := await(t, "end of the hub", h.ended)
			if took := time.Since(began); err != nil || took > time.Second {
				t.Errorf("ended after %v with %v", took, err)
			}
			h.ended <- nil // for the cleanup
		})
		for deadline := time.Now().Add(soon); limits.OpenFiles() > files; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d files are open, %d before", name, limits.OpenFiles(), files)
			}
		}
	}
}

// stall sends to an instance more than it may be sent ahead of its reader.
func (h *testHub) stall(t *testing.T, id string) {
	t.Helper()
	h.until(t, "a session", func(*api.Status) bool { return h.linkOf(id).sessionNow() != nil })
	sess := h.linkOf(id).sessionNow()
	for deadline := time.Now().Add(soon); !errors.Is(sess.TrySend(make([]byte, 32<<10)), session.ErrFull); {
		if time.Now().After(deadline) {
			t.Fatal("no end of room")
		}
	}
	for deadline := time.Now().Add(soon); sess.State() != session.Stalled; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the session is %v", sess.State())
		}
	}
}

func (l *link) sessionNow() *session.Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, _ := l.current.(sessionWay)
	return s.Session
}

func TestEventsEndWithTheHub(t *testing.T) {
	h := startHub(t, nil)
	h.source.sees()
	ended := make(chan error, 1)
	first := make(chan struct{}, 1)
	go func() {
		for _, err := range h.Events(context.Background()) {
			if err != nil {
				ended <- err
				continue
			}
			select {
			case first <- struct{}{}:
			default:
			}
		}
	}()
	await(t, "first event", first)
	h.cancel()
	if err := await(t, "end of the events", ended); api.CodeOf(err) != api.CodeShuttingDown {
		t.Error(err)
	}
}
