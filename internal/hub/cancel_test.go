package hub

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/session"
)

// A caller who gives up is let go at once, in whatever state his call is.
func TestF1_CancelInAnyState(t *testing.T) {
	large, _ := json.Marshal(map[string]string{"x": strings.Repeat("x", 400<<10)}) // more than may be sent ahead
	for name, c := range map[string]struct {
		tool      string
		arguments json.RawMessage
		prepare   func(*testing.T, *testHub, *testInstance)
		under     func(*testing.T, *testHub, *testInstance) // waits until it is under way, if that can be seen
		want      api.Code
	}{
		"connecting": {"echo", nil, func(t *testing.T, h *testHub, a *testInstance) {
			a.proxy.Blackhole()
			h.source.sees(a.found)
		}, nil, api.CodeUnreachable},
		"in the MCP handshake": {"echo", nil, func(t *testing.T, h *testHub, a *testInstance) {
			a.serveMCP.Store(false)
			h.source.sees(a.found)
			await(t, "session", a.sessions)
		}, nil, api.CodeUnreachable},
		"retrying": {"echo", nil, func(t *testing.T, h *testHub, a *testInstance) {
			h.source.sees(a.found)
			h.reaches(t, "a-1", api.Active)
			a.proxy.Admit(faultproxy.Refuse)
			a.proxy.Cut(faultproxy.RST)
			h.reaches(t, "a-1", api.Retrying)
		}, nil, api.CodeUnreachable},
		"running": {"block", nil, func(t *testing.T, h *testHub, a *testInstance) {
			h.source.sees(a.found)
		}, func(t *testing.T, h *testHub, a *testInstance) {
			await(t, "call", a.blocking)
		}, api.CodeCanceled},
		"running, the link silent": {"block", nil, func(t *testing.T, h *testHub, a *testInstance) {
			h.source.sees(a.found)
		}, func(t *testing.T, h *testHub, a *testInstance) {
			await(t, "call", a.blocking)
			a.proxy.Blackhole()
		}, api.CodeCanceled},
		"running, the link lost": {"block", nil, func(t *testing.T, h *testHub, a *testInstance) {
			h.source.sees(a.found)
		}, func(t *testing.T, h *testHub, a *testInstance) {
			await(t, "call", a.blocking)
			a.proxy.Admit(faultproxy.Refuse)
			a.proxy.Cut(faultproxy.RST)
			h.reaches(t, "a-1", api.Retrying)
		}, api.CodeCanceled},
		"being sent into a silent link": {"echo", large, func(t *testing.T, h *testHub, a *testInstance) {
			h.source.sees(a.found)
			h.reaches(t, "a-1", api.Active)
			a.proxy.Blackhole()
		}, func(t *testing.T, h *testHub, a *testInstance) {
			for deadline := time.Now().Add(soon); h.linkOf("a-1").sessionNow().Stats().UnackedBytes < 200<<10; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("it is not sent")
				}
			}
		}, api.CodeCanceled},
	} {
		t.Run(name, func(t *testing.T) {
			a := newTestInstance(t, "a-1", "web")
			h := startHub(t, func(cfg *Config) {
				if c.arguments != nil { // that takes a while, in which a link must not become suspect
					cfg.Dial = func(f Found) (*session.Session, error) {
						return brum.Dial(f.SessionURL, &session.Config{Key: f.Key}, nil)
					}
				}
			})
			c.prepare(t, h, a)
			ctx, cancel := context.WithCancel(t.Context())
			type end struct {
				err error
				at  time.Time
			}
			ended := make(chan end, 1)
			began := make(chan struct{})
			go func() {
				close(began)
				_, err := h.Call(ctx, api.CallRequest{Instance: "a-1", Tool: c.tool, Arguments: c.arguments}, nil)
				ended <- end{err, time.Now()}
			}()
			<-began
			if c.under != nil {
				c.under(t, h, a)
			} else {
				time.Sleep(20 * time.Millisecond) // on its way, or not yet: both have to do
			}
			canceled := time.Now()
			cancel()
			e := await(t, "end of the call", ended)
			if late := e.at.Sub(canceled); late > 500*time.Millisecond { // 100 ms, and this machine may be busy
				t.Errorf("returned %v after the cancel", late)
			}
			if code := api.CodeOf(e.err); code != c.want && code != api.CodeCanceled {
				t.Errorf("%v: %v", code, e.err)
			}
			if c.tool == "block" {
				a.proxy.Heal()
				if err := await(t, "end of the handler", a.blocked); err == nil {
					t.Error("the handler was not canceled")
				}
			}
		})
	}
}

// A list of tools that does not come is waited for as long as a list may take, and asked for anew.
func TestF3_AListThatDoesNotCome(t *testing.T) {
	a := newTestInstance(t, "a-1", "web")
	hang := make(chan struct{})
	var asked = make(chan struct{}, 100)
	a.mcp.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if method == "tools/list" {
				asked <- struct{}{}
				select {
				case <-hang:
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			return next(ctx, method, req)
		}
	})
	h := startHub(t, func(c *Config) { c.ListTimeout = 100 * time.Millisecond })
	h.source.sees(a.found)
	await(t, "question", asked)
	h.until(t, "the list's timeout", func(s *api.Status) bool {
		return strings.Contains(s.Instances[0].LastError, "list of tools") && strings.Contains(s.Instances[0].LastError, "deadline")
	})
	await(t, "second question", asked)
	close(hang)
	h.reaches(t, "a-1", api.Active)
}

// What is not configured is as the classes have it.
func TestF3_Defaults(t *testing.T) {
	h, err := New(Config{Source: newTestSource(), Dial: startHub(t, nil).cfg.Dial})
	if err != nil {
		t.Fatal(err)
	}
	if h.cfg.ConnectTimeout != 30*time.Second || h.cfg.ListTimeout != 30*time.Second {
		t.Errorf("connect %v, list %v", h.cfg.ConnectTimeout, h.cfg.ListTimeout)
	}
}
