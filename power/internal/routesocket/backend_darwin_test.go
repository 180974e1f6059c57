package routesocket

import (
	"context"
	"testing"

	"github.com/standardbeagle/brum/power/internal/system"
)

// ready tells when a backend has begun to watch.
type ready struct {
	system.Sink
	begun chan struct{}
}

func (r ready) Ready()             { close(r.begun) }
func (r ready) Report(system.Hint) {}

func TestBackendStops(t *testing.T) {
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		r, done := ready{begun: make(chan struct{})}, make(chan error)
		go func() { done <- Backend("route").Run(ctx, r) }()
		select {
		case <-r.begun:
		case err := <-done:
			t.Fatalf("it ended at once: %v", err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
