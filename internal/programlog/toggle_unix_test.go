//go:build unix

package programlog

import (
	"bytes"
	"log/slog"
	"syscall"
	"testing"
	"time"
)

func TestSignalToggles(t *testing.T) {
	l := New(new(bytes.Buffer), slog.LevelInfo)
	stop := l.ToggleOnSignal()
	defer stop()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); l.Level() != slog.LevelDebug; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not toggled")
		}
	}
}
