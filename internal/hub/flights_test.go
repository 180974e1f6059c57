package hub

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
)

// Who repeats a call that is under way gets its result; who gives its id to another call does not.
func TestF4_AnIdUnderWayStandsForOneCall(t *testing.T) {
	h := startHub(t, nil)
	a, b := newTestInstance(t, "a-1", "web"), newTestInstance(t, "b-2", "api")
	h.source.sees(a.found, b.found)
	h.reaches(t, "a-1", api.Active)
	h.reaches(t, "b-2", api.Active)
	first := api.CallRequest{ID: string(callid.New()), Instance: "a-1", Tool: "block", Arguments: json.RawMessage(`{"a":1}`)}
	again := first
	again.Instance = "web"
	var calls sync.WaitGroup
	calls.Go(func() {
		res, err := h.Call(t.Context(), first, nil)
		if err != nil || textOf(t, res) != "released" {
			t.Errorf("%v, %v", res, err)
		}
	})
	await(t, "call", a.blocking)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Call(over, first, nil); err == nil || !strings.Contains(err.Error(), "an earlier call of the same id goes on") {
		t.Errorf("the same call again: %v", err)
	}
	if !h.same(t.Context(), &first, &again) {
		t.Error("an instance's id and its name are two instances")
	}
	for what, change := range map[string]func(*api.CallRequest){
		"another tool":          func(r *api.CallRequest) { r.Tool = "echo" },
		"other arguments":       func(r *api.CallRequest) { r.Arguments = json.RawMessage(`{"a":2}`) },
		"another instance":      func(r *api.CallRequest) { r.Instance = "api" },
		"an instance not there": func(r *api.CallRequest) { r.Instance = "nobody" },
	} {
		other := first
		change(&other)
		if _, err := h.Call(t.Context(), other, nil); api.CodeOf(err) != api.CodeInvalid {
			t.Errorf("%s under the same id: %v", what, err)
		}
	}
	close(a.release)
	calls.Wait()
	if n := a.echoed.Load() + b.echoed.Load(); n != 0 || len(a.blocking)+len(b.blocking) != 0 {
		t.Errorf("%d calls more were run", n)
	}
}
