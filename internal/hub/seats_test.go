package hub

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	kinds "github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/limits"
)

// The sixth instance of five is listed, says why it is not connected, and gets its turn when
// another leaves.
func TestK1_TheSixthInstanceWaits(t *testing.T) {
	h := startHub(t, func(c *Config) { c.MaxConnections = 5 })
	var instances []*testInstance
	var found []Found
	for i := range 7 {
		a := newTestInstance(t, fmt.Sprint("i-", i), fmt.Sprint("n-", i))
		instances, found = append(instances, a), append(found, a.found)
		h.source.sees(found...)
		if i < 5 {
			h.reaches(t, a.found.ID, api.Active)
		}
	}
	for _, id := range []string{"i-5", "i-6"} {
		h.reaches(t, id, api.Retrying)
		began := time.Now()
		_, err := h.Call(t.Context(), api.CallRequest{Instance: id, Tool: "echo"}, nil)
		if api.CodeOf(err) != api.CodeOverloaded || kinds.Of(err) != kinds.Limit || kinds.RetryAfter(err) != seatAfter {
			t.Errorf("a call to %s: %v, retry after %v", id, err, kinds.RetryAfter(err))
		}
		if _, err := h.Connect(t.Context(), id); api.CodeOf(err) != api.CodeOverloaded {
			t.Errorf("connect %s: %v", id, err)
		}
		if took := time.Since(began); took > soon/2 {
			t.Errorf("refused after %v", took)
		}
	}
	s, err := h.Status(t.Context())
	if want := (api.Usage{Used: 5, Limit: 5, Refused: 2}); err != nil || s.Hub.Limits.Connections != want {
		t.Errorf("status: %+v, %v", s.Hub.Limits, err)
	}
	h.echo(t, t.Context(), "i-0") // the others don't mind

	if _, err := h.Disconnect(t.Context(), "i-6"); err != nil { // who is in line may leave
		t.Fatal(err)
	}
	h.reaches(t, "i-6", api.Stopped)
	if _, err := h.Disconnect(t.Context(), "i-2"); err != nil {
		t.Fatal(err)
	}
	h.reaches(t, "i-5", api.Active)
	h.echo(t, t.Context(), "i-5")
	if text := h.one(t, "i-5").LastError; text != "" {
		t.Errorf("active, and says %q", text)
	}
	if _, err := h.Connect(t.Context(), "i-6"); api.CodeOf(err) != api.CodeOverloaded {
		t.Errorf("connect i-6: %v", err)
	}
	instances[0].stop()
	h.source.sees(found[1:]...)
	h.reaches(t, "i-6", api.Active)
	h.source.sees()
	h.until(t, "all seats to be free", func(s *api.Status) bool { return s.Hub.Limits.Connections.Used == 0 })
}

// A hub that an instance has no room for says so, in its status and to who calls.
func TestK1_AnInstanceThatIsFull(t *testing.T) {
	a := newTestInstanceFor(t, "a-1", "web", 1)
	first, second := startHub(t, nil), startHub(t, nil)
	first.source.sees(a.found)
	first.reaches(t, "a-1", api.Active)
	second.source.sees(a.found)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, err := second.Call(ctx, api.CallRequest{Instance: "a-1", Tool: "echo"}, nil)
	if api.CodeOf(err) != api.CodeOverloaded || kinds.RetryAfter(err) <= 0 {
		t.Errorf("a call: %v, retry after %v", err, kinds.RetryAfter(err))
	}
	if text := second.one(t, "a-1").LastError; !strings.Contains(text, "no room") {
		t.Errorf("status says %q", text)
	}
	if _, err := first.Disconnect(ctx, "a-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Connect(t.Context(), "a-1"); err != nil && api.CodeOf(err) != api.CodeOverloaded {
		t.Errorf("connect: %v", err)
	}
	second.reaches(t, "a-1", api.Active) // Connect has made it look at once
	second.echo(t, ctx, "a-1")
}

// Seats are handed on in order and never get lost, whoever leaves the line when.
func TestK1_SeatsAreFreed(t *testing.T) {
	s := &seats{max: 5}
	var held, most int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for n := range 1000 {
				if turn := s.take(); turn != nil {
					if (i+n)%3 == 0 {
						s.leave(turn)
						continue
					}
					<-turn
				}
				mu.Lock()
				held++
				most = max(most, held)
				mu.Unlock()
				mu.Lock()
				held--
				mu.Unlock()
				s.free()
			}
		})
	}
	all.Wait()
	if most > 5 || s.taken != 0 || len(s.line) != 0 {
		t.Errorf("at most %d held, %d taken, %d in line", most, s.taken, len(s.line))
	}
	for range 5 {
		s.take()
	}
	first, second := s.take(), s.take()
	s.free()
	select {
	case <-first:
	default:
		t.Error("the first in line has no seat")
	}
	select {
	case <-second:
		t.Error("the second in line has one")
	default:
	}
}

// Above the memory limit new calls are refused, and the outcomes of earlier ones told.
func TestK2_CallsAreRefusedWhileMemoryIsShort(t *testing.T) {
	var used int64
	var mu sync.Mutex
	set := func(n int64) { mu.Lock(); defer mu.Unlock(); used = n }
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, func(c *Config) {
		c.Memory = limits.NewMemory(1<<30, func() int64 { mu.Lock(); defer mu.Unlock(); return used })
	})
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	set(math.MaxInt64)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for h.cfg.Memory.Check() == nil { // what was read a moment ago
		time.Sleep(10 * time.Millisecond)
	}
	_, err := h.Call(ctx, api.CallRequest{Instance: "a-1", Tool: "echo"}, nil)
	if api.CodeOf(err) != api.CodeOverloaded || kinds.RetryAfter(err) <= 0 || a.echoed.Load() != 0 {
		t.Errorf("a call: %v", err)
	}
	if s, err := h.Status(ctx); err != nil || s.Hub.Limits.MemoryBytes.Refused != 1 || s.Hub.Limits.MemoryBytes.Limit != 1<<30 {
		t.Errorf("status: %+v, %v", s.Hub.Limits, err)
	}
	set(0)
	for h.cfg.Memory.Check() != nil {
		time.Sleep(10 * time.Millisecond)
	}
	h.echo(t, ctx, "a-1")
}

// Who stands in line and is gone leaves it, and asks for no other seat.
func TestK1_WhoIsGoneLeavesTheLine(t *testing.T) {
	h := startHub(t, func(c *Config) { c.MaxConnections = 1 })
	a, b := newTestInstance(t, "a-1", "web"), newTestInstance(t, "b-2", "api")
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	h.source.sees(a.found, b.found)
	h.reaches(t, "b-2", api.Retrying)
	h.source.sees(a.found)
	h.until(t, "b-2 to be gone", func(s *api.Status) bool { return len(s.Instances) == 1 })
	for range 10 {
		h.echo(t, t.Context(), "a-1")
	}
	s, err := h.Status(t.Context())
	if want := (api.Usage{Used: 1, Limit: 1, Refused: 1}); err != nil || s.Hub.Limits.Connections != want {
		t.Errorf("status: %+v, %v", s.Hub.Limits.Connections, err)
	}
}
