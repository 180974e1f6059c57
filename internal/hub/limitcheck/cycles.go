package limitcheck

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/standardbeagle/brum/internal/limits"
)

const (
	cycles = 1000
	warmUp = 20
	// What may stay of a thousand sessions: their tombstones, and what the runtime keeps.
	mayStay = 8 << 20
	// settle is how long what has ended may take to be gone.
	settle = 2 * time.Second
)

// leftovers are what a session takes and has to give back.
type leftovers struct {
	sessions, goroutines, files int
	memory                      int64
}

func (x *place) leftovers() leftovers {
	return leftovers{len(x.acceptor.Sessions()), runtime.NumGoroutine(), limits.OpenFiles(), 0}
}

// above reports whether anything but memory is more than it was.
func (l leftovers) above(base leftovers) bool {
	return l.sessions > base.sessions || l.goroutines > base.goroutines || l.files > base.files
}

func liveMemory() int64 {
	var m runtime.MemStats
	runtime.GC() // pools give up what they hold at the second only
	debug.FreeOSMemory()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// checkCycles: when a thousand sessions have come and gone, their slots are free and nothing of
// them is left.
func checkCycles(ctx context.Context, _ Options, p parts) Row {
	row := Row{Row: "K1", What: fmt.Sprintf("%d sessions that come and go", cycles), Limit: fmt.Sprintf("no session, goroutine or file stays, and at most %s", limits.Size(mayStay))}
	x, err := open(p, 1, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		return row.fail("%v", err)
	}
	defer x.end()
	if err := x.comeAndGo(ctx, warmUp); err != nil {
		return row.fail("%v", err)
	}
	base := x.leftovers()
	until(ctx, func() bool { base = x.leftovers(); return base.sessions == 0 })
	base.memory = liveMemory()
	if err := x.comeAndGo(ctx, cycles); err != nil {
		return row.fail("%v", err)
	}
	after := x.leftovers()
	settling, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	gone := until(settling, func() bool { after = x.leftovers(); return !after.above(base) })
	after.memory = liveMemory()
	grown := after.memory - base.memory
	what := fmt.Sprintf("sessions %d → %d, goroutines %d → %d, files %d → %d, memory %s → %s", base.sessions, after.sessions,
		base.goroutines, after.goroutines, base.files, after.files, limits.Size(base.memory), limits.Size(after.memory))
	if !gone || grown > mayStay {
		return row.fail("%s", what)
	}
	return row.pass("%s", what)
}

// comeAndGo has one session after the other in the only slot.
func (x *place) comeAndGo(ctx context.Context, n int) error {
	for i := range n {
		s, _, err := x.enter(ctx, nil)
		if err == nil {
			err = s.Close(ctx)
		}
		if err != nil {
			return fmt.Errorf("session %d: %w", i+1, err)
		}
		x.mu.Lock()
		x.sessions = nil // it has ended
		x.mu.Unlock()
	}
	return nil
}
