package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
)

// In whatever state a hub is ended, it ends soon, leaves neither socket nor lock, and the next
// one starts at once.
func TestF2_NothingIsLeft(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *world){
		"idle": func(t *testing.T, w *world) {},
		"connecting to silence": func(t *testing.T, w *world) {
			_, proxy := w.startInstanceBehind(t, "web")
			proxy.Blackhole()
			w.until(t, "attempt", func(s *api.Status) bool { return len(s.Instances) == 1 })
		},
		"during a call": func(t *testing.T, w *world) {
			w.startInstance(t, "web")
			w.active(t, 1)
			newCommand(t, w, "call", "web", "logs_stream", `{"follow":true,"level":"error"}`)
			w.until(t, "the call", func(s *api.Status) bool { return s.Hub.Limits.Control.Requests.Used > 0 })
		},
		"silent link": func(t *testing.T, w *world) {
			_, proxy := w.startInstanceBehind(t, "web")
			w.active(t, 1)
			proxy.Blackhole()
		},
		"retrying": func(t *testing.T, w *world) {
			_, proxy := w.startInstanceBehind(t, "web")
			w.active(t, 1)
			proxy.Admit(faultproxy.Refuse)
			proxy.Cut(faultproxy.RST)
			w.until(t, "outage", func(s *api.Status) bool { return s.Instances[0].State == api.Retrying })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			hub := w.startHub(t)
			prepare(t, w)
			began := time.Now()
			if err := interrupt(hub.cmd.Process); err != nil {
				t.Fatal(err)
			}
			select {
			case <-hub.done:
			case <-time.After(soon):
				t.Fatal("it does not end")
			}
			if took := time.Since(began); took > 2*time.Second { // 1 s, and this machine may be busy
				t.Errorf("ended after %v", took)
			}
			if code := hub.cmd.ProcessState.ExitCode(); code > 0 {
				t.Errorf("exit code %d", code)
			}
			for _, path := range []string{w.socket(), w.socket() + ".pid"} {
				if _, err := os.Lstat(path); !os.IsNotExist(err) {
					t.Errorf("%s is left: %v", filepath.Base(path), err)
				}
			}
			w.startHub(t, "--ledger", "require") // which needs all locks
		})
	}
}
