//go:build integration

package test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// startHub starts a hub, which is not at hand before its status is.
func (w *world) startHub() *exec.Cmd {
	w.t.Helper()
	hub := w.command("brum-hub", "serve", "--http", "off")
	w.start(hub)
	w.await("the hub", func() bool {
		s, err := w.status()
		return err == nil && s.Hub.PID == hub.Process.Pid
	})
	return hub
}

// allActive reports whether n instances are there and active.
func (w *world) allActive(n int) bool {
	s, err := w.status()
	if err != nil || len(s.Instances) != n {
		return false
	}
	for _, i := range s.Instances {
		if i.State != "active" {
			return false
		}
	}
	return true
}

// A killed hub's successor has all instances back soon, on new sessions; a killed instance
// leaves the list; and nobody else is disturbed.
func TestH5_KilledHubAndB1_KilledInstance(t *testing.T) {
	t.Parallel()
	const soon = 10 * time.Second // on a busy machine; on a quiet one it is 2 s for a hub, 5 s for an instance
	const n = 5
	w := newWorld(t)
	var instances []*exec.Cmd
	for i := range n {
		instance := w.command("brum-instance", "--name", fmt.Sprint("instance-", i), "--port", "0")
		w.start(instance)
		instances = append(instances, instance)
	}
	hub := w.startHub()
	w.await("all instances", func() bool { return w.allActive(n) })
	before, err := w.status()
	if err != nil {
		t.Fatal(err)
	}

	if err := hub.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	w.await("the hub's end", func() bool {
		_, err := w.status()
		return err != nil
	})
	restarted := time.Now()
	w.startHub()
	w.await("all instances to be back", func() bool { return w.allActive(n) })
	if took := time.Since(restarted); took > soon {
		t.Errorf("all instances were back %v after the hub", took)
	} else {
		t.Logf("all instances were back %v after the hub's start", took.Round(time.Millisecond))
	}
	after, err := w.status()
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		was, is := before.Instances[i], after.Instances[i]
		if was.ID != is.ID || was.SessionID == is.SessionID {
			t.Errorf("instance %s on session %s has become %s on session %s", was.ID, was.SessionID, is.ID, is.SessionID)
		}
	}

	if err := instances[0].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	w.await("the killed instance to leave", func() bool { return w.allActive(n - 1) })
	if took := time.Since(killed); took > soon {
		t.Errorf("the killed instance left after %v", took)
	} else {
		t.Logf("the killed instance left after %v", took.Round(time.Millisecond))
	}
	left, err := w.status()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range left.Instances {
		if i.Name == "instance-0" {
			t.Error("the killed instance is listed")
		}
	}
}

// A second hub on the same socket refuses, and says what to do.
func TestSecondHub(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub()
	second := w.command("brum-hub", "serve", "--http", "off")
	out, err := second.CombinedOutput()
	if err == nil || second.ProcessState.ExitCode() != 8 {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := w.status(); err != nil {
		t.Errorf("the first hub is disturbed: %v", err)
	}
}

// A program that was asked to end takes its processes with it.
func TestF2_NoProcessIsLeft(t *testing.T) {
	need(t, "node", "npm")
	t.Parallel()
	w := newWorld(t)
	project := filepath.Join(w.dir, "web")
	if err := os.CopyFS(project, os.DirFS("testdata/web")); err != nil {
		t.Fatal(err)
	}
	w.startHub()
	instance := w.command("brum-instance", "--dir", project, "--port", "0", "dev")
	var log text
	instance.Stdout, instance.Stderr = &log, &log
	if err := instance.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { instance.Process.Kill() }) // if the test has not come to its end
	url := log.find(w, `listening on (http://\S+)`)
	if got := get(t, url); got != "answer 1\n" {
		t.Errorf("the server answers %q", got)
	}
	if err := instance.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	asked := time.Now()
	if err := instance.Wait(); err != nil {
		t.Errorf("brum-instance: %v", err)
	}
	t.Logf("ended after %v", time.Since(asked).Round(time.Millisecond))
	if _, err := http.Get(url); err == nil {
		t.Error("the project's server is left behind")
	}
	w.await("the instance to leave", func() bool { return w.allActive(0) })
}
