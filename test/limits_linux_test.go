//go:build integration

package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// limitRows is what the tests read of brum-hub --test-resource-limits --json.
type limitRows struct {
	OK   bool `json:"ok"`
	Rows []struct {
		Row     string `json:"row"`
		What    string `json:"what"`
		Found   string `json:"found"`
		Verdict string `json:"verdict"`
	} `json:"rows"`
}

func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// The user's test of limits finds this machine fit, one that allows too few files unfit, and
// mistakes to be mistakes.
func TestK4_TestResourceLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	try := func(setting, ulimit string) (rows limitRows, exit int) {
		t.Helper()
		cmd := exec.Command("sh", "-c", ulimit+`exec "$0" --test-resource-limits --json`, program("brum-hub"))
		cmd.Env, cmd.Dir = append(w.env, "BRUMMER_MAX_CONNECTIONS="+setting), w.dir
		out, err := cmd.Output()
		if exit = exitCode(err); exit == 2 {
			return rows, exit
		}
		if err := json.Unmarshal(out, &rows); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return rows, exit
	}
	rows, exit := try("5", "")
	if !rows.OK || exit != 0 {
		t.Errorf("exit %d: %+v", exit, rows)
	}
	seen := make(map[string]bool)
	for _, r := range rows.Rows {
		seen[r.Row] = true
	}
	for _, row := range []string{"K1", "K2", "K3", "K4"} {
		if !seen[row] {
			t.Errorf("nothing about %s: %+v", row, rows)
		}
	}
	rows, exit = try("100", "ulimit -n 300; ")
	if rows.OK || exit != 10 {
		t.Errorf("300 files for 100 connections: exit %d: %+v", exit, rows)
	}
	for _, r := range rows.Rows {
		if failed := r.Verdict == "fail"; failed != (r.What == "open files") {
			t.Errorf("300 files for 100 connections: %+v", r)
		}
	}
	if _, exit = try("five", ""); exit != 2 {
		t.Errorf("five connections: exit %d", exit)
	}
	out, err := w.command("brum-hub", "--test-resource-limits", "--max-connections", "3").Output()
	if err != nil || !strings.Contains(string(out), "3 got in") || !strings.Contains(string(out), " 0 failed") {
		t.Errorf("%v: %s", err, out)
	}
}

// fullStatus is more of brum-hub status --json.
type fullStatus struct {
	Hub struct {
		Limits struct {
			Connections struct {
				Used, Limit, Refused int
			} `json:"connections"`
		} `json:"limits"`
	} `json:"hub"`
	Instances []struct {
		Name      string `json:"name"`
		State     string `json:"state"`
		LastError string `json:"last_error"`
	} `json:"instances"`
}

// look is the status of the hub at a socket; "" is the world's own.
func (w *world) look(socket string) (s fullStatus) {
	args := []string{"status", "--json"}
	if socket != "" {
		args = append(args, "--socket", socket)
	}
	out, err := w.command("brum-hub", args...).Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		return fullStatus{}
	}
	return s
}

// states counts the instances of a status by state.
func (s fullStatus) states() map[string]int {
	n := make(map[string]int)
	for _, i := range s.Instances {
		n[i.State]++
	}
	return n
}

// A hub with BRUMMER_MAX_CONNECTIONS=5 has five of six instances, says of the sixth why not, and
// takes it when one of the others ends.
func TestK1_SixInstances(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env = append(w.env, "BRUMMER_MAX_CONNECTIONS=5")
	w.startHub()
	var instances []*exec.Cmd
	for i := range 6 {
		c := w.command("brum-instance", "--name", fmt.Sprint("n", i), "--port", "0")
		w.start(c)
		instances = append(instances, c)
	}
	w.await("five of six", func() bool {
		n := w.look("").states()
		return n["active"] == 5 && n["retrying"] == 1
	})
	s := w.look("")
	if l := s.Hub.Limits.Connections; l.Used != 5 || l.Limit != 5 || l.Refused != 1 {
		t.Errorf("%+v", l)
	}
	var sixth string
	leaves := -1
	for _, i := range s.Instances {
		if i.State == "retrying" {
			sixth = i.Name
			if !strings.Contains(i.LastError, "no room") || !strings.Contains(i.LastError, "try again in") {
				t.Errorf("the sixth is told: %s", i.LastError)
			}
		} else {
			fmt.Sscanf(i.Name, "n%d", &leaves)
		}
	}
	call := w.command("brum-hub", "call", sixth, "scripts_list")
	if out, err := call.CombinedOutput(); exitCode(err) != 11 || !strings.Contains(string(out), "try again in") {
		t.Errorf("a call to the sixth: %v, %s", err, out)
	}
	if err := instances[leaves].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	w.await("the sixth", func() bool { return w.look("").states()["active"] == 5 && len(w.look("").Instances) == 5 })
	if out, err := w.command("brum-hub", "call", sixth, "scripts_list").CombinedOutput(); err != nil {
		t.Errorf("a call to the sixth afterwards: %v, %s", err, out)
	}
}

// An instance with BRUMMER_MAX_CONNECTIONS=2 has two of three hubs, and the third gets in when
// one of them ends. A hub that was killed does not keep its successor out.
func TestK1_OneHubTooMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	instance := w.command("brum-instance", "--name", "web", "--port", "0")
	instance.Env = append(w.env, "BRUMMER_MAX_CONNECTIONS=2")
	w.start(instance)
	socket := func(i int) string { return filepath.Join(w.dir, fmt.Sprint("hub", i)) }
	serve := func(i int) *exec.Cmd {
		hub := w.command("brum-hub", "serve", "--http", "off", "--socket", socket(i), "--state-dir", filepath.Join(w.dir, fmt.Sprint("state", i)))
		w.start(hub)
		return hub
	}
	active := func(i int) func() bool { return func() bool { return w.look(socket(i)).states()["active"] == 1 } }
	var hubs []*exec.Cmd
	for i := range 2 {
		hubs = append(hubs, serve(i))
		w.await("a hub", active(i))
	}
	serve(2)
	w.await("the refusal of the third", func() bool {
		s := w.look(socket(2))
		return len(s.Instances) == 1 && strings.Contains(s.Instances[0].LastError, "no room")
	})
	if err := hubs[0].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	hubs[0].Process.Wait()
	serve(0)
	w.await("the first hub's successor", active(0))
	if s := w.look(socket(2)); s.states()["active"] != 0 {
		t.Errorf("the third: %+v", s)
	}
	if err := hubs[1].Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	w.await("the third", active(2))
}
