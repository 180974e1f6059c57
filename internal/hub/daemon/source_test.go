package daemon

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/power/powertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// C2: on a wake the directory is read at once, not only at the next scan, which is 30 s away.
func TestC2_WakeRescans(t *testing.T) {
	machine := powertest.New(t)
	s, err := newSource(filepath.Join(t.TempDir(), "found"), machine.Monitor, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	updated, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- s.Watch(ctx, func([]hub.Found) { updated <- struct{}{} })
	}()
	<-updated
	for range 3 {
		before := s.registry.Stats().Scans
		machine.Suspend()
		machine.Sleep(time.Hour)
		machine.Resume()
		deadline := time.Now().Add(10 * time.Second)
		for s.registry.Stats().Scans == before {
			if time.Now().After(deadline) {
				t.Fatal("a wake, and the directory was not read")
			}
			time.Sleep(time.Millisecond)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
