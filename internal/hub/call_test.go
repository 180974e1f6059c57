package hub

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
)

func TestF1_CancelReachesTheHandler(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, nil)
	h.source.sees(a.found)
	ctx, cancel := context.WithCancel(t.Context())
	type end struct {
		err error
		at  time.Time
	}
	ended := make(chan end, 1)
	go func() {
		_, err := h.Call(ctx, api.CallRequest{Instance: "web", Tool: "block", WantProgress: true}, func(api.Progress) {})
		ended <- end{err, time.Now()}
	}()
	await(t, "call", a.blocking)
	canceled := time.Now()
	cancel()
	e := await(t, "end of the call", ended)
	if late := e.at.Sub(canceled); late > 100*time.Millisecond {
		t.Errorf("returned %v after the cancel", late)
	}
	if api.CodeOf(e.err) != api.CodeCanceled || !errors.Is(e.err, context.Canceled) {
		t.Errorf("error %v", e.err)
	}
	if err := await(t, "end of the handler", a.blocked); !errors.Is(err, context.Canceled) {
		t.Errorf("the handler ended with %v", err)
	}
}

func TestF3_TimeoutsByClass(t *testing.T) {
	a, b := newTestInstance(t, "a-1", "web"), newTestInstance(t, "b-1", "api")
	a.serveMCP.Store(false) // takes the session, and never answers
	h := startHub(t, func(c *Config) { c.ConnectTimeout = 200 * time.Millisecond })
	h.source.sees(a.found, b.found)
	if _, err := h.Connect(t.Context(), "web"); api.CodeOf(err) != api.CodeUnreachable {
		t.Errorf("connect: %v", err)
	}
	h.until(t, "the handshake's timeout", func(s *api.Status) bool {
		i := slices.IndexFunc(s.Instances, func(i api.Instance) bool { return i.ID == "a-1" })
		return s.Instances[i].State == api.Retrying && s.Instances[i].LastError != ""
	})
	// A call has its caller's timeout only.
	result := make(chan error, 1)
	go func() {
		_, err := h.Call(t.Context(), api.CallRequest{Instance: "api", Tool: "block"}, nil)
		result <- err
	}()
	await(t, "call", b.blocking)
	// Nothing is final: as soon as it answers all is well.
	a.serveMCP.Store(true)
	h.reaches(t, "a-1", api.Active)
	h.echo(t, t.Context(), "a-1")
	select {
	case err := <-result:
		t.Errorf("the call ended by itself: %v", err)
	default:
	}
	close(b.release)
	if err := await(t, "end of the call", result); err != nil {
		t.Error(err)
	}
}

func TestF4_CallsDuringAnOutage(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, nil)
	h.source.sees(a.found)
	h.reaches(t, "a-1", api.Active)
	a.proxy.Blackhole()
	a.proxy.Cut(faultproxy.RST)
	h.reaches(t, "a-1", api.Retrying)

	// One has no time, one is canceled, one waits.
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := h.Call(short, api.CallRequest{Instance: "web", Tool: "echo"}, nil); api.CodeOf(err) != api.CodeUnreachable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the call with a deadline: %v", err)
	}
	canceled, cancelIt := context.WithCancel(t.Context())
	cancelIt()
	if _, err := h.Call(canceled, api.CallRequest{Instance: "web", Tool: "echo"}, nil); err == nil {
		t.Error("the canceled call succeeded")
	}
	waiting := make(chan *mcp.CallToolResult, 1)
	go func() {
		res, err := h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "echo"}, nil)
		if err != nil {
			t.Error(err)
		}
		waiting <- res
	}()
	a.proxy.Heal()
	await(t, "result", waiting)
	if n := a.echoed.Load(); n != 1 {
		t.Errorf("echo ran %d times, want 1: only for the call that waited", n)
	}
}

// A call that is under way survives an outage and is answered once.
func TestCallUnderWaySurvivesACut(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, nil)
	h.source.sees(a.found)
	result := make(chan error, 1)
	go func() {
		res, err := h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "block"}, nil)
		if err == nil && textOf(t, res) != "released" {
			err = errors.New("another result")
		}
		result <- err
	}()
	await(t, "call", a.blocking)
	a.proxy.Admit(faultproxy.Refuse)
	a.proxy.Cut(faultproxy.RST)
	h.reaches(t, "a-1", api.Retrying)
	close(a.release)
	await(t, "end of the handler", a.blocked)
	a.proxy.Heal()
	if err := await(t, "result", result); err != nil {
		t.Error(err)
	}
	if len(a.blocking) > 0 {
		t.Error("it ran twice")
	}
}

func TestProgressComesInOrderBeforeTheResult(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, nil)
	h.source.sees(a.found)
	for range 20 {
		var got []float64
		res, err := h.Call(t.Context(), api.CallRequest{Instance: "web", Tool: "steps", WantProgress: true}, func(p api.Progress) {
			if p.Total != steps || p.Message != "step" {
				t.Errorf("progress %+v", p)
			}
			got = append(got, p.Progress)
		})
		if err != nil || textOf(t, res) != "done" {
			t.Fatal(res, err)
		}
		if len(got) != steps || !slices.IsSorted(got) {
			t.Fatalf("%d reports: %v", len(got), got)
		}
	}
}

func TestRefusedCalls(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	h := startHub(t, nil)
	h.source.sees(a.found)
	for _, c := range []struct {
		req  api.CallRequest
		want api.Code
	}{
		{api.CallRequest{Instance: "web", Tool: "no such tool"}, api.CodeRefused},
		{api.CallRequest{Instance: "web"}, api.CodeInvalid},
		{api.CallRequest{Tool: "echo"}, api.CodeInvalid},
		{api.CallRequest{Instance: "web", Tool: "echo", Arguments: json.RawMessage(`[1]`)}, api.CodeInvalid},
		{api.CallRequest{Instance: "web", Tool: "echo", Arguments: json.RawMessage(`{`)}, api.CodeInvalid},
		{api.CallRequest{Instance: "web", Tool: "echo", Arguments: make([]byte, api.MaxRequest+1)}, api.CodeTooLarge},
		{api.CallRequest{Instance: "nobody", Tool: "echo"}, api.CodeUnknownInstance},
		// More than this instance takes, although not more than the hub does.
		{api.CallRequest{Instance: "web", Tool: "echo", Arguments: json.RawMessage(`{"x":"` + strings.Repeat("x", 2<<20) + `"}`)}, api.CodeTooLarge},
	} {
		if _, err := h.Call(t.Context(), c.req, nil); api.CodeOf(err) != c.want {
			t.Errorf("%.60v: %v, want %s", c.req, err, c.want)
		}
	}
	if n := a.echoed.Load(); n != 0 {
		t.Errorf("echo ran %d times", n)
	}
	h.echo(t, t.Context(), "web") // and the session is none the worse for it
	if s := h.one(t, "a-1"); s.State != api.Active || s.Resumes != 0 || s.LastError != "" {
		t.Errorf("after them: %+v", s)
	}
}

// TestE4_OneBrokenInstance compares calls to a healthy instance with those while others hang,
// refuse and flap beside it.
func TestE4_OneBrokenInstance(t *testing.T) {
	well := newTestInstance(t, "well", "well")
	hung, silent, refusing := newTestInstance(t, "hung", "hung"), newTestInstance(t, "silent", "silent"), newTestInstance(t, "refusing", "refusing")
	hung.serveMCP.Store(false)
	silent.proxy.Blackhole()
	refusing.proxy.Admit(faultproxy.Refuse)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	closed := Found{ID: "closed", Name: "closed", Life: "1", Key: testKey, SessionURL: "ws://" + nobody.Addr().String()}
	bad := Found{ID: "bad", Name: "bad", Life: "1", Key: []byte("short"), SessionURL: "ws://127.0.0.1:1"}

	h := startHub(t, func(c *Config) { c.ConnectTimeout = 50 * time.Millisecond })
	h.source.sees(well.found)
	h.reaches(t, "well", api.Active)
	median := func() time.Duration {
		var took []time.Duration
		for range 101 {
			began := time.Now()
			h.echo(t, t.Context(), "well")
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	alone := median()
	h.source.sees(well.found, hung.found, silent.found, refusing.found, closed, bad)
	h.until(t, "trouble", func(s *api.Status) bool {
		return slices.ContainsFunc(s.Instances, func(i api.Instance) bool { return i.ID == "hung" && i.LastError != "" }) &&
			slices.ContainsFunc(s.Instances, func(i api.Instance) bool { return i.ID == "bad" && i.LastError != "" })
	})
	if among := median(); among-alone > 10*time.Millisecond {
		t.Errorf("a call took %v alone and %v beside broken instances", alone, among)
	}
}
