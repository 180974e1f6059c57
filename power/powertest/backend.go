package powertest

import (
	"context"
	"sync"

	"github.com/standardbeagle/brum/power/internal/system"
)

// backend says what the script wants said.
type backend struct {
	ready chan struct{} // closed when it runs for the first time
	*line
}

// line is the way to the monitor, if there is one.
type line struct {
	mu     sync.Mutex // guards what follows
	sink   system.Sink
	broken error
	broke  chan struct{} // closed by the next failure
	once   sync.Once
}

func newBackend() backend {
	return backend{ready: make(chan struct{}), line: &line{broke: make(chan struct{})}}
}

func (b backend) run(ctx context.Context, sink system.Sink) error {
	b.mu.Lock()
	broken, broke := b.broken, b.broke
	if broken == nil {
		b.sink = sink
	}
	b.mu.Unlock()
	if broken != nil {
		return broken
	}
	sink.Ready()
	b.once.Do(func() { close(b.ready) })
	select {
	case <-ctx.Done():
		return nil
	case <-broke:
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.broken
	}
}

// fail breaks it, or mends it with nil.
func (b backend) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
	if err != nil {
		b.sink = nil
		close(b.broke)
		b.broke = make(chan struct{})
	}
}

// report says whether there was anybody to report to.
func (b backend) report(h system.Hint) bool {
	b.mu.Lock()
	sink := b.sink
	b.mu.Unlock()
	if sink == nil {
		return false
	}
	sink.Report(h)
	return true
}
