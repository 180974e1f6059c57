package main

import (
	"os/exec"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
)

func newCommand(t *testing.T, w *world, args ...string) *program {
	t.Helper()
	return start(t, exec.Command(hubProgram, append(args, "--socket", w.socket())...))
}

func TestLogFollowAcrossACut(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	_, proxy := w.startInstanceBehind(t, "web")
	w.active(t, 1)
	logs := w.follow(t, "web")
	logs.upTo(50)
	for _, how := range []faultproxy.Ending{faultproxy.RST, faultproxy.FIN} {
		proxy.Admit(faultproxy.Refuse)
		proxy.Cut(how)
		w.until(t, "outage", func(s *api.Status) bool { return s.Instances[0].State == api.Retrying })
		proxy.Heal()
		w.active(t, 1)
		logs.upTo(logs.last + 100)
	}
	s, err := w.client.Status(t.Context())
	if err != nil || s.Instances[0].Resumes != 2 {
		t.Errorf("%+v, %v: want 2 resumes", s, err)
	}
}

func TestH5_HubKilledAndRestarted(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t)
	names := []string{"one", "two", "three"}
	for _, name := range names {
		w.startInstance(t, name)
	}
	w.active(t, len(names))
	logs := w.follow(t, "two")
	logs.upTo(20)
	for range 2 {
		hub.kill()
		began := time.Now()
		hub = w.startHub(t)
		w.active(t, len(names))
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("all instances were back only after %v", took)
		}
		logs.upTo(logs.last + 100)
	}
}

func TestB1_KilledInstanceLeavesTheList(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	victim := w.startInstance(t, "victim")
	w.startInstance(t, "other")
	w.active(t, 2)
	victim.kill()
	began := time.Now()
	w.until(t, "end of the listing", func(s *api.Status) bool {
		return len(s.Instances) == 1 && s.Instances[0].Name == "other" && s.Instances[0].State == api.Active
	})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("listed for %v", took)
	}
}

func TestF2_ProgramEndsSoon(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t)
	w.startInstance(t, "web")
	_, proxy := w.startInstanceBehind(t, "silent")
	w.active(t, 2)
	logs := w.follow(t, "web")
	logs.upTo(10)
	proxy.Blackhole()
	began := time.Now()
	if err := interrupt(hub.cmd.Process); err != nil {
		t.Fatal(err)
	}
	<-hub.done
	if took := time.Since(began); took > time.Second || hub.cmd.ProcessState.ExitCode() > 0 {
		t.Errorf("ended after %v with %v", took, hub.cmd.ProcessState)
	}
}
