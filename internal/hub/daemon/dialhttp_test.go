package daemon

import (
	"testing"
	"time"

	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/brummertest"
	"github.com/standardbeagle/brum/power/powertest"
)

// D3: over HTTP an instance of brum is beside its sessions, an existing brummer at its port, and
// no token leaves the machine in the clear.
func TestD3_WhereInstancesAre(t *testing.T) {
	for _, of := range []struct{ session, want string }{
		{"ws://127.0.0.1:7777/session", "http://127.0.0.1:7777/mcp"},
		{"ws://[::1]:7777/session", "http://[::1]:7777/mcp"},
		{"ws://localhost:7777/session", "http://localhost:7777/mcp"},
		{"wss://example.test/session", "https://example.test/mcp"},
		{"", "http://127.0.0.1:4711/mcp"},
		{"ws://%zz", ""},
	} {
		if got := httpURL(discovery.Instance{SessionURL: of.session, Port: 4711}); got != of.want {
			t.Errorf("%q: %q, want %q", of.session, got, of.want)
		}
	}
	conns := newHTTPConns(powertest.New(t).Monitor)
	defer conns.Close()
	if _, err := conns.Dial(hub.Found{HTTPURL: "http://192.0.2.1:80/mcp", Key: []byte("token")}); err == nil {
		t.Error("a token would go over a network as it is")
	}
	c, err := conns.Dial(hub.Found{HTTPURL: "http://127.0.0.1:1/mcp"})
	if err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
}

// C2: on a wake an instance is checked at once, not only when that is due, 10 s later.
func TestC2_WakeChecksOverHTTP(t *testing.T) {
	machine := powertest.New(t)
	b := brummertest.New(t)
	conns := newHTTPConns(machine.Monitor)
	defer conns.Close()
	c, err := conns.Dial(hub.Found{HTTPURL: b.URL + "/mcp"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.WaitActive(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	machine.Suspend()
	machine.Sleep(time.Hour)
	machine.Resume()
	for b.Pings.Load() < 2 {
		if time.Since(began) > 9*time.Second {
			t.Fatal("a wake, and nobody looked")
		}
		time.Sleep(time.Millisecond)
	}
}
