package instance

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/session"
)

// join opens a session and waits until it is up.
func (r *running) join() *session.Session {
	r.t.Helper()
	s := r.dial(r.SessionURL, []byte(r.Token))
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	if err := s.WaitActive(ctx); err != nil {
		r.t.Fatalf("%v: %v", err, s.Stats().LastError)
	}
	return s
}

// refused waits until a session that can't get in was told so.
func (r *running) refused(s *session.Session) {
	r.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		err := s.Stats().LastError
		switch {
		case errors.Is(err, session.ErrLimit) && errors.Of(err) == errors.Limit && errors.RetryAfter(err) > 0:
			if next := s.Stats().NextAttemptAt; time.Until(next) < errors.RetryAfter(err)/2 {
				r.t.Errorf("to come back after %v, comes back in %v", errors.RetryAfter(err), time.Until(next))
			}
			return
		case s.State() == session.Active, time.Now().After(deadline):
			r.t.Fatalf("not refused: %v, %v", s.State(), err)
		}
	}
}

// The sixth session of five is told when to come back. When 1000 have come and gone nothing of
// them is left.
func TestK1_SessionsAreBounded(t *testing.T) {
	files := openFiles()
	r := start(t, Config{MaxConnections: 5})
	var guests []*session.Session
	for range 5 {
		guests = append(guests, r.join())
	}
	sixth := r.dial(r.SessionURL, []byte(r.Token))
	r.refused(sixth)
	closing, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := guests[3].Close(closing); err != nil {
		t.Fatal(err)
	}
	sixth.Nudge(session.TriggerManual) // rather than wait
	if err := sixth.WaitActive(closing); err != nil {
		t.Fatalf("the sixth, when there is room: %v", err)
	}
	guests[3] = sixth
	for i := range 1000 {
		if err := guests[i%5].Close(t.Context()); err != nil {
			t.Fatal(i, err)
		}
		guests[i%5] = r.join()
	}
	full := r.dial(r.SessionURL, []byte(r.Token))
	r.refused(full)
	full.CloseNow()
	for _, s := range guests {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	r.end()
	for deadline := time.Now().Add(20 * time.Second); openFiles() > files; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d files are open, %d before", openFiles(), files)
		}
	}
}

// Requests to /mcp are bounded apart from sessions, and /health answers all the same.
func TestK1_RequestsToMCPAreBounded(t *testing.T) {
	r := start(t, Config{MaxConnections: 2})
	bearer := "Bearer " + string(r.Token)
	await := func(what string, want int) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			code, _ := request(t, http.MethodPost, r.base()+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`,
				"Authorization", bearer, "Content-Type", "application/json", "Accept", "application/json, text/event-stream")
			if code == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d", what, code)
			}
		}
	}
	var slow []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.base(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: 100\r\n\r\n{", bearer)
		slow = append(slow, c)
	}
	await("the third", http.StatusServiceUnavailable)
	r.join()
	if code, _ := request(t, http.MethodGet, r.base()+"/health", ""); code != http.StatusOK {
		t.Errorf("/health answers %d", code)
	}
	for _, c := range slow {
		c.Close()
	}
	await("room again", http.StatusOK)
}

// Above the memory limit a session that is there resumes, and no new one begins.
func TestK2_SessionsAreRefusedWhileMemoryIsShort(t *testing.T) {
	var used atomic.Int64
	r := start(t, Config{Memory: limits.NewMemory(1<<30, used.Load)})
	old := r.join()
	used.Store(math.MaxInt64)
	for !r.in.cfg.Memory.Exceeded() {
		time.Sleep(10 * time.Millisecond)
	}
	late, err := brum.Dial(r.SessionURL, &session.Config{Key: []byte(r.Token)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer late.CloseNow()
	r.refused(late)
	if old.State() != session.Active {
		t.Errorf("the old session is %v", old.State())
	}
	used.Store(0)
	for r.in.cfg.Memory.Exceeded() {
		time.Sleep(10 * time.Millisecond)
	}
	late.Nudge(session.TriggerManual)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := late.WaitActive(ctx); err != nil {
		t.Errorf("when there is memory again: %v", err)
	}
}
