//go:build integration && linux

package lab

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fill writes to dir until nothing more fits.
func (h *host) fill(dir string) {
	h.t.Helper()
	if out, err := h.try("dd", "if=/dev/zero", "of="+filepath.Join(dir, "filler"), "bs=4k"); err == nil || !strings.Contains(out, "No space left") {
		h.t.Fatalf("the disk does not become full: %v: %s", err, out)
	}
}

func (h *host) free(dir string) {
	h.t.Helper()
	h.run("rm", filepath.Join(dir, "filler"))
}

// The disk with the instances' files is full: those that are known go on, a new one says what
// is wrong, works without being found, and is found when there is room.
func TestA6_DiskOfInstanceFilesIsFull(t *testing.T) {
	t.Parallel()
	s := newSite(newHost(t))
	s.tmpfs(s.discovery, 256<<10)
	s.startHub()
	s.startInstance("old")
	before := s.awaitActive(1)
	s.fill(s.discovery)
	s.startInstance("new")
	newcomer := s.instances["new"]
	await(t, "the new instance to say what is wrong", func() bool {
		said := newcomer.log.tail()
		return strings.Contains(said, s.discovery) && strings.Contains(said, "no space left")
	})
	if _, err := s.call(t.Context(), "old", "scripts_status", nil); err != nil {
		t.Error(err)
	}
	time.Sleep(12 * time.Second) // heartbeats fail meanwhile
	s.sameSessions(t, before)
	if !s.allActive(1) {
		t.Errorf("on a full disk: %+v", s.byName())
	}
	over := time.Now()
	s.free(s.discovery)
	s.awaitActive(2)
	resumed := times{time.Since(over)}
	within(t, "being found", resumed, 5*time.Second)
	s.sameSessions(t, before)
	if left := s.run("ls", s.discovery); strings.Contains(left, ".tmp") {
		t.Errorf("files are left behind:\n%s", left)
	}
	figures.add(row{fault: "A6 discovery's disk full", sessions: 2, resumed: resumed})
}

// The disk with the hub's state is full: what needs it fails and says where, the hub goes on,
// and a new one says what is wrong, too.
func TestA6_DiskOfTheHubIsFull(t *testing.T) {
	t.Parallel()
	s := newSite(newHost(t))
	s.tmpfs(s.state, 64<<10)
	s.startHub()
	s.startInstance("web")
	before := s.awaitActive(1)
	s.fill(s.state)
	// It does as it is told, and says that it will not remember.
	if err := s.ask(t.Context(), "POST", "disconnect", map[string]string{"instance": "web"}, new(instance)); err != nil {
		t.Error(err)
	}
	if got := s.byName()["web"].State; got != "stopped" {
		t.Errorf("disconnected on a full disk: %s", got)
	}
	await(t, "the hub to say what is wrong", func() bool {
		said := s.hub.log.tail()
		return strings.Contains(said, s.state) && strings.Contains(said, "no space left")
	})
	s.free(s.state)
	if err := s.ask(t.Context(), "POST", "connect", map[string]string{"instance": "web"}, new(instance)); err != nil {
		t.Error(err)
	}
	s.awaitActive(1)
	if err := s.ask(t.Context(), "POST", "disconnect", map[string]string{"instance": "web"}, new(instance)); err != nil {
		t.Error(err)
	}
	if err := s.ask(t.Context(), "POST", "connect", map[string]string{"instance": "web"}, new(instance)); err != nil {
		t.Error(err)
	}
	after := s.awaitActive(1)
	if before["web"].ID != after["web"].ID {
		t.Errorf("%+v has become %+v", before, after)
	}

	s.hub.kill()
	s.run("rm", filepath.Join(s.state, "token"))
	s.fill(s.state)
	cmd := s.command(filepath.Join(bin, "brum-hub"), "serve", "--http", "off", "--socket", s.socket,
		"--state-dir", s.state, "--discovery-dir", s.discovery)
	cmd.Env = s.environment()
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), s.state) || !strings.Contains(string(out), "no space left") {
		t.Errorf("a hub that can't keep its token: %v: %s", err, out)
	}
	s.free(s.state)
	restarted := time.Now()
	s.startHub()
	s.awaitActive(1)
	figures.add(row{fault: "hub's disk full", sessions: 1, resumed: times{time.Since(restarted)}})
}

// The history on a full disk is kept in memory, and written whole when there is room.
func TestL2_HistoryOnAFullDisk(t *testing.T) {
	t.Parallel()
	s := newSite(newHost(t))
	s.tmpfs(s.state, 256<<10)
	s.startHub()
	s.startInstance("web")
	s.awaitActive(1)
	s.fill(s.state)
	const many = 20
	warned := false
	for n := 0; n < many || !warned; n++ {
		if n == 10*many {
			t.Fatal("the hub does not say what is wrong")
		}
		for _, what := range []string{"disconnect", "connect"} {
			if err := s.ask(t.Context(), "POST", what, map[string]string{"instance": "web"}, new(instance)); err != nil {
				t.Fatal(err)
			}
		}
		warned = warned || strings.Contains(s.hub.log.tail(), "the history can't be written")
	}
	before := s.history("web")
	if len(before) < 2*many {
		t.Errorf("%d changes are in memory, want %d at least", len(before), 2*many)
	}
	s.free(s.state)
	s.hub.signal(syscall.SIGINT)
	s.hub.awaitEnd(10 * time.Second)
	s.startHub()
	s.awaitActive(1)
	after := s.history("web")
	if len(after) < len(before) {
		t.Fatalf("%d changes after a restart, there were %d", len(after), len(before))
	}
	for i, c := range before {
		if got := after[i]; !got.At.Equal(c.At) || got.To != c.To {
			t.Errorf("change %d: %+v has become %+v", i, c, got)
		}
	}
	if left := s.run("ls", "-A", s.state); strings.Contains(left, ".history") {
		t.Errorf("files are left behind:\n%s", left)
	}
}
