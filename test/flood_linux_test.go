//go:build integration

package test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// resident is how much memory a process holds, in bytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// K2: a process that prints as fast as it can, and a follower of its log that reads nothing: hub
// and instance stop growing, and both still answer.
func TestK2_LogFloodAgainstAStalledReader(t *testing.T) {
	w := newWorld(t)
	const flood = `while :; do seq -f "line %.0f of a flood that nobody reads" 1 5000; sleep 0.05; done`
	instance := w.command("brum-instance", "--name", "flood", "--port", "0", "--quiet", "--log-buffer", "8MiB", "--", "sh", "-c", flood)
	w.start(instance)
	hub := w.startHub()
	w.await("the instance", func() bool { return w.allActive(1) })
	stalled := w.command("brum-hub", "logs", "flood", "-f", "--since", "1h")
	unread, err := stalled.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.startAsIs(stalled)
	t.Cleanup(func() { unread.Close() }) // it may be stuck in writing

	time.Sleep(4 * time.Second) // buffers fill up
	early := [2]int{resident(t, instance.Process.Pid), resident(t, hub.Process.Pid)}
	time.Sleep(6 * time.Second)
	late := [2]int{resident(t, instance.Process.Pid), resident(t, hub.Process.Pid)}
	t.Logf("MiB after 4 s and 10 s: instance %d, %d; hub %d, %d", early[0]>>20, late[0]>>20, early[1]>>20, late[1]>>20)
	for i, name := range []string{"instance", "hub"} {
		if late[i] > 192<<20 || late[i]-early[i] > 48<<20 {
			t.Errorf("the %s has grown from %d to %d MiB", name, early[i]>>20, late[i]>>20)
		}
	}
	out, err := w.command("brum-hub", "call", "flood", "scripts_status").Output()
	if err != nil || !strings.Contains(string(out), "running") {
		t.Errorf("a call beside it: %s, %v", out, err)
	}
}
