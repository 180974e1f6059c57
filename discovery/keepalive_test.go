package discovery

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

func TestA6_keeps_trying(t *testing.T) {
	var log syncBuffer
	r := open(t, Config{Check: 2 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))})
	reg := register(t, r, "a")
	path := pathOf(r.Dir(), "a")
	deleteAll(t, r.Dir())
	writeFile(t, r.Dir(), "in the way")
	ran := make(chan error, 1)
	go func() { ran <- reg.Run(t.Context()) }()
	eventually(t, "the failure is logged", func() bool { return strings.Contains(log.String(), "trying again") })
	if err := reg.Heartbeat(t.Context()); err == nil || !strings.Contains(err.Error(), r.Dir()) {
		t.Errorf("a heartbeat without a directory: %v", err)
	}
	fatal(t, os.Remove(r.Dir()))
	eventually(t, "the file is written again", func() bool { return exists(path) })
	eventually(t, "that is logged", func() bool { return strings.Contains(log.String(), "written again") })
	if n := strings.Count(log.String(), "trying again"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
	fatal(t, reg.Unregister(t.Context()))
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// Unregister does not wait for a Run that waits for the lock.
func TestA4_unregister_interrupts_run(t *testing.T) {
	r := open(t, Config{Check: 2 * time.Millisecond})
	reg := register(t, r, "a")
	fatal(t, os.Remove(pathOf(r.Dir(), "a")))
	unlock, err := r.locks.lock(t.Context())
	fatal(t, err)
	defer unlock()
	ran := make(chan error, 1)
	go func() { ran <- reg.Run(t.Context()) }()
	eventually(t, "Run waits for the lock", func() bool { return len(names(t, r.Dir())) > 0 })
	if err := reg.Unregister(within(t, time.Millisecond)); err == nil {
		t.Error("unregistered under a held lock")
	}
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
}
