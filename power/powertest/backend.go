package powertest

import (
	"cmp"
	"context"
	"errors"
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
	mu      sync.Mutex // guards what follows
	sink    system.Sink
	broken  error
	refused error
	turned  chan struct{} // closed, and made anew, when broken or refused is another
	once    sync.Once
}

var errMended = errors.New("powertest: broken, and mended since")

func newBackend() backend {
	return backend{ready: make(chan struct{}), line: &line{turned: make(chan struct{})}}
}

func (b backend) run(ctx context.Context, sink system.Sink) error {
	b.mu.Lock()
	broken := b.broken
	if broken == nil {
		b.sink = sink
	}
	b.mu.Unlock()
	if broken != nil {
		return broken
	}
	sink.Ready()
	b.once.Do(func() { close(b.ready) })
	for {
		b.mu.Lock()
		gone, broken, refused, turned := b.sink == nil, b.broken, b.refused, b.turned
		b.mu.Unlock()
		if gone {
			return cmp.Or(broken, errMended)
		}
		wanted, changed := sink.Hold()
		if !wanted {
			refused = nil
		}
		sink.Holding(wanted && refused == nil, refused)
		select {
		case <-ctx.Done():
			return nil
		case <-turned:
		case <-changed:
		}
	}
}

// fail breaks it, or mends it with nil.
func (b backend) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
	if err != nil {
		b.sink = nil
	}
	b.turn()
}

// refuse has it refuse to delay sleep, or no longer with nil.
func (b backend) refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = err
	b.turn()
}

// turn has run look again. mu is held.
func (b backend) turn() {
	close(b.turned)
	b.turned = make(chan struct{})
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
