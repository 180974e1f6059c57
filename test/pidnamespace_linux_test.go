//go:build integration

package test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// filed is what the tests read of an instance's file.
type filed struct {
	Process struct {
		PID   int    `json:"pid"`
		Start string `json:"start"`
	} `json:"process_info"`
	BootID string `json:"boot_id"`
	Host   struct {
		ID        string `json:"id"`
		Namespace string `json:"namespace"`
	} `json:"host"`
}

func readFiled(t *testing.T, path string) (f filed) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// An instance in another PID namespace, where it has the PID of a process that is somebody
// else's here, is not judged by that but dialled, and stays although it can't be seen; so is
// one of here by a hub in there.
func TestB5_OtherPIDNamespace(t *testing.T) {
	t.Parallel()
	needRoot(t, "mount", "sh")
	here, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{
		"with its own proc": "mount -t proc proc /proc", // as in a container
		"with our proc":     "true",                     // which speaks of other processes
	} {
		t.Run("an instance "+name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			instance := w.prepared(script, "brum-instance", "--name", "inside", "--port", "0")
			ownPIDs(instance)
			ownMounts(instance)
			w.start(instance)
			hub := w.startHub()
			w.await("the instance", func() bool { return w.allActive(1) })
			path := files(w.instances())[0]
			f := readFiled(t, path)
			if f.Process.PID != 1 || f.Host.Namespace == "" || f.Host.Namespace == here || f.Host.ID == "" || f.BootID == "" {
				t.Errorf("its file says %+v", f)
			}
			if own := script != "true"; own != (f.Process.Start != "") {
				t.Errorf("its start is %q", f.Process.Start)
			}

			w.afterChecks()
			if !w.allActive(1) || len(files(w.instances())) != 1 {
				t.Errorf("it did not stay: %v", files(w.instances()))
			}
			// A hub that finds it at its start, likewise.
			hub.Process.Kill()
			hub.Wait()
			w.startHub()
			w.await("the instance", func() bool { return w.allActive(1) })

			instance.Process.Kill()
			w.await("the loss of the instance", func() bool {
				s, err := w.status()
				return err == nil && len(s.Instances) == 1 && s.Instances[0].State != "active"
			})
			w.afterChecks()
			if _, err := os.Stat(path); err != nil {
				t.Errorf("judged by its PID after all: %v", err)
			}
		})
	}
	t.Run("a hub", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		instance := w.command("brum-instance", "--name", "outside", "--port", "0")
		w.start(instance)
		hub := w.prepared("mount -t proc proc /proc", "brum-hub", "serve", "--http", "off")
		ownPIDs(hub)
		ownMounts(hub)
		w.start(hub)
		w.await("the instance", func() bool { return w.allActive(1) })
		if len(files(w.instances())) != 1 {
			t.Error("its file is gone")
		}
	})
}

// afterChecks waits until the hub has certainly judged all processes once more: it has
// removed the file of one that is dead.
func (w *world) afterChecks() {
	w.t.Helper()
	ghost := filepath.Join(w.instances(), "ghost.json")
	const content = `{"id":"ghost","name":"ghost","directory":"/","port":1,"started_at":"2026-01-01T00:00:00Z",` +
		`"last_ping":"2026-01-01T00:00:00Z","process_info":{"pid":2147483646,"executable":"/bin/ghost"}}`
	if err := os.WriteFile(ghost, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.await("the end of a ghost", func() bool {
		_, err := os.Stat(ghost)
		return os.IsNotExist(err)
	})
}
