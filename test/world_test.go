//go:build integration

package test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// world is a place of its own for a hub and instances.
type world struct {
	t   *testing.T
	dir string
	env []string
}

// newWorld makes one in which the programs find each other by their defaults, as they do at
// home.
func newWorld(t *testing.T) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "brum-") // t.TempDir is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	for _, sub := range []string{"run", "state", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{t: t, dir: dir}
	for _, setting := range os.Environ() {
		if !bytes.HasPrefix([]byte(setting), []byte("BRUM_")) {
			w.env = append(w.env, setting)
		}
	}
	w.env = append(w.env,
		"XDG_RUNTIME_DIR="+filepath.Join(dir, "run"),
		"XDG_STATE_HOME="+filepath.Join(dir, "state"),
		"TMPDIR="+filepath.Join(dir, "tmp"))
	return w
}

func (w *world) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(program(name), args...)
	cmd.Env = w.env
	cmd.Dir = w.dir
	return cmd
}

// start runs a program until the end of the test, when it has to stop at once if asked to.
func (w *world) start(cmd *exec.Cmd) {
	w.t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	w.t.Cleanup(func() { // after the end of the program
		if w.t.Failed() {
			w.t.Logf("%v:\n%s", cmd.Args, log.Bytes())
		}
	})
	w.startAsIs(cmd)
}

// startAsIs is start for a program whose output goes elsewhere.
func (w *world) startAsIs(cmd *exec.Cmd) {
	w.t.Helper()
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			cmd.Process.Kill()
		}
		guard := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		err := cmd.Wait()
		if !guard.Stop() {
			w.t.Errorf("%s does not end: %v", cmd.Args[0], err)
		}
	})
}

// hubStatus is what the tests read of brum-hub status --json.
type hubStatus struct {
	Hub struct {
		PID  int    `json:"pid"`
		HTTP string `json:"http"`
	} `json:"hub"`
	Instances []struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		State     string `json:"raw_state"` // as it is, not as it is shown
		SessionID string `json:"session_id"`
	} `json:"instances"`
}

// status is the hub's, or an error if there is none.
func (w *world) status() (hubStatus, error) {
	var s hubStatus
	out, err := w.command("brum-hub", "status", "--json").Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	return s, err
}

// await waits until ok, which may take as long as a very busy machine needs.
func (w *world) await(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("waiting for %s: in vain", what)
		}
	}
}
