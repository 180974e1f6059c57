//go:build integration && unix

package test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pause is how long a process is stopped.
const pause = 60 * time.Second

// A stopped and continued program goes on with the same session; the log that is followed
// meanwhile has each line once. Whichever side it is, it ends nothing because of its own
// absence.
func TestG4_StoppedForAMinute(t *testing.T) {
	t.Parallel()
	for _, side := range []string{"instance", "hub"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			const script = `i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo "line $i"; sleep 0.2; done; exec sleep 600`
			instance := w.command("brum-instance", "--name", "counter", "--port", "0", "--quiet", "--", "sh", "-c", script)
			w.start(instance)
			hub := w.startHub()
			w.await("the instance", func() bool { return w.allActive(1) })
			before, err := w.status()
			if err != nil {
				t.Fatal(err)
			}
			lines := w.follow("counter")

			stopped := map[string]*exec.Cmd{"instance": instance, "hub": hub}[side].Process
			if err := stopped.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			resume := time.AfterFunc(pause, func() { stopped.Signal(syscall.SIGCONT) })
			defer func() {
				if resume.Stop() {
					stopped.Signal(syscall.SIGCONT) // or it could not end
				}
			}()
			for i := 1; i <= 400; i++ {
				want := fmt.Sprint("line ", i)
				select {
				case got, ok := <-lines:
					if !ok || got != want {
						t.Fatalf("%q came, want %q", got, want)
					}
				case <-time.After(pause + 30*time.Second):
					t.Fatalf("%q does not come", want)
				}
			}
			after, err := w.status()
			if err != nil {
				t.Fatal(err)
			}
			if was, is := before.Instances[0].SessionID, after.Instances[0].SessionID; was != is || !w.allActive(1) {
				t.Errorf("session %s has become %s, state %s", was, is, after.Instances[0].State)
			}
			history, err := w.command("brum-hub", "history", "counter").Output()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s", history)
		})
	}
}

// follow follows an instance's log; the channel is closed when that ends.
func (w *world) follow(name string) <-chan string {
	w.t.Helper()
	cmd := w.command("brum-hub", "logs", name, "-f", "--since", "1h", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			var r struct {
				Line *struct{ Stream, Text string } `json:"line"`
				Gap  *struct{}                      `json:"gap"`
			}
			switch err := json.Unmarshal(s.Bytes(), &r); {
			case err != nil || r.Gap != nil:
				lines <- s.Text()
			case r.Line != nil && r.Line.Stream != "system":
				lines <- strings.TrimSpace(r.Line.Text)
			}
		}
	}()
	w.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return lines
}
