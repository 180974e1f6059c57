package session

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const longRTT = 120 * time.Millisecond

// newLongPair is newPair over a path, of which both sides know the round trip.
func newLongPair(t *testing.T, by *path, cfg Config) *pair {
	t.Helper()
	p := newPair(t, cfg)
	p.net.set(func(n *network) { n.path = by })
	p.net.last().cut()
	time.Sleep(time.Second)
	return p
}

// held is what a session's send log holds, and what its windows and its log are stretched by.
func (s *Session) held() (bytes int, frames uint64, log, windows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.core.streams.all(func(st *stream) { windows += st.stretched })
	return s.core.log.held, s.core.log.unacked(), s.core.log.stretched, windows
}

// watch looks at a session each millisecond until it ends, and tells the most that it held.
func (s *Session) watch() (most func() (bytes int, frames uint64, log, windows int)) {
	var mu sync.Mutex
	var b, l, w int
	var f uint64
	go func() {
		for {
			bytes, frames, log, windows := s.held()
			mu.Lock()
			b, f, l, w = max(b, bytes), max(f, frames), max(l, log), max(w, windows)
			mu.Unlock()
			select {
			case <-time.After(time.Millisecond):
			case <-s.Done():
				return
			}
		}
	}()
	return func() (int, uint64, int, int) {
		mu.Lock()
		defer mu.Unlock()
		return b, f, l, w
	}
}

// §6, S5: with defaults, a path that holds 15 MB is filled, from windows of 256 KiB on; what that
// takes is within its bounds and given back as it is acknowledged.
func TestLongPathIsFilled(t *testing.T) {
	const perSecond = 1e9 / 8
	all := 400 << 20
	if raceEnabled {
		all = 48 << 20 // the beginning
	}
	for name, size := range map[string]int{"large messages": 64 << 10, "small messages": 4000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newLongPair(t, gigabit(longRTT), Config{})
				defer p.end()
				most := p.a.watch()
				began := time.Now()
				flow(t, p.a, p.b, make([]byte, size), all/size)
				took, least := time.Since(began), time.Duration(float64(all)/perSecond*float64(time.Second))
				t.Logf("%d MB took %v, %.2f of the path", all>>20, took, least.Seconds()/took.Seconds())
				if took > least+3*longRTT || (!raceEnabled && took > least*10/9) {
					t.Errorf("%d bytes took %v, which take %v at the path's rate", all, took, least)
				}
				bytes, _, log, _ := most()
				if bytes > DefaultReplayBytes+DefaultLongPath || bytes < 15_000_000 || log > DefaultLongPath {
					t.Errorf("%d bytes were held at most, %d of them stretched", bytes, log)
				}
				time.Sleep(time.Second)
				if bytes, _, log, _ := p.a.held(); bytes != 0 || log != 0 || p.budget.stretchLeft(stretchSent) != DefaultBudgetBytes/stretchShare {
					t.Errorf("a second later %d bytes are held, %d of them stretched", bytes, log)
				}
			})
		})
	}
}

// Small messages are as many as the path holds, within a bound of their own.
func TestLongPathHoldsManyMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLongPair(t, gigabit(longRTT), Config{})
		defer p.end()
		most := p.a.watch()
		flow(t, p.a, p.b, make([]byte, 48), 400_000)
		const bound = DefaultReplayMessages * (DefaultReplayBytes + DefaultLongPath) / DefaultReplayBytes
		if _, frames, _, _ := most(); frames < 3*DefaultReplayMessages || frames > bound {
			t.Errorf("%d messages were on their way at most", frames)
		}
	})
}

// The receive window that a fast time has left is given back when the path is used less.
func TestStretchedWindowShrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLongPair(t, gigabit(longRTT), Config{})
		defer p.end()
		flow(t, p.a, p.b, make([]byte, 64<<10), 32<<20/(64<<10))
		if _, _, _, windows := p.b.held(); windows < DefaultLongPath/2 {
			t.Fatalf("the window was stretched by %d", windows)
		}
		msg := make([]byte, 64<<10)
		for range 24 << 20 / len(msg) { // as much as there is credit, 650 KB a second
			flow(t, p.a, p.b, msg, 1)
			time.Sleep(longRTT / 3)
			p.b.mu.Lock()
			main := &p.b.core.streams.main
			if given := int(main.rcvLimit - main.consumed); given > DefaultMaxCredit+main.stretched {
				t.Errorf("credit for %d was given, of which only %d above the ordinary are reserved", given, main.stretched)
			}
			p.b.mu.Unlock()
		}
		p.b.mu.Lock()
		defer p.b.mu.Unlock()
		if main := &p.b.core.streams.main; main.window != DefaultMaxCredit || main.stretched != 0 {
			t.Errorf("the window is %d, stretched by %d", main.window, main.stretched)
		}
	})
}

// What nobody needs is not there: neither on a short path, however fast, nor on a long one that is
// slow, nor where the application is.
func TestWindowsAreStretchedForLongPathsOnly(t *testing.T) {
	fast := &path{rate: 2e9, delay: time.Millisecond / 2, buffer: 1 << 20}
	slow := &path{rate: 2e6, delay: longRTT / 2, buffer: 1 << 20}
	for name, run := range map[string]struct {
		path *path
		cfg  Config
		size int
		all  int
	}{
		"short and fast":    {fast, Config{}, 64 << 10, 60 << 20},
		"long and slow":     {slow, Config{}, 30_000, 20 << 20},
		"generous credit":   {slow, Config{Credit: 64 << 20, MaxCredit: 64 << 20, LongPath: DefaultLongPath}, 30_000, 20 << 20},
		"hard replay bytes": {gigabit(longRTT), Config{ReplayBytes: DefaultReplayBytes}, 64 << 10, 20 << 20},
		"hard count":        {gigabit(longRTT), Config{ReplayMessages: DefaultReplayMessages}, 64, 8 << 20},
		"hard credit":       {gigabit(longRTT), Config{MaxCredit: DefaultMaxCredit}, 64 << 10, 20 << 20},
		"no long path":      {gigabit(longRTT), Config{LongPath: -1}, 64 << 10, 20 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newLongPair(t, run.path, run.cfg)
				defer p.end()
				sent, received := p.a.watch(), p.b.watch()
				flow(t, p.a, p.b, make([]byte, run.size), run.all/run.size)
				bytes, frames, log, _ := sent()
				_, _, _, windows := received()
				if bytes > DefaultReplayBytes || frames > DefaultReplayMessages || log != 0 || windows != 0 {
					t.Errorf("%d bytes and %d frames were held, %d stretched, windows by %d", bytes, frames, log, windows)
				}
			})
		})
	}
}

// An application that does not read gets no wider window.
func TestSlowReaderIsNoLongPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLongPair(t, gigabit(longRTT), Config{})
		defer p.end()
		msg := make([]byte, 20_000)
		go func() {
			for p.a.Send(t.Context(), msg) == nil {
			}
		}()
		for range 300 {
			time.Sleep(longRTT / 4)
			if _, err := p.b.Receive(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		p.b.mu.Lock()
		defer p.b.mu.Unlock()
		if got := p.b.core.streams.main.window; got != DefaultCredit {
			t.Errorf("a window of %d", got)
		}
	})
}

// K2: whatever its path held before, a session without a link takes nothing beyond ReplayBytes, and
// everything arrives when it is back.
func TestK2_LostLinkIsNotStretchedFor(t *testing.T) {
	for name, before := range map[string]int{"full": 400, "empty": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const credit = 32 << 20
				p := newLongPair(t, gigabit(longRTT), Config{Credit: credit, MaxCredit: credit, LongPath: DefaultLongPath})
				defer p.end()
				msg := make([]byte, 30_000)
				flow(t, p.a, p.b, msg, 4) // so that something is acknowledged
				time.Sleep(time.Second)
				for range before {
					if err := p.a.Send(t.Context(), msg); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				time.Sleep(longRTT / 10) // all has left, nothing was acknowledged
				p.net.set(func(n *network) { n.down = io.ErrUnexpectedEOF })
				p.net.last().cut()
				synctest.Wait()
				atLoss, frames, log, _ := p.a.held()
				if before > 0 && (log < DefaultLongPath/2 || frames != uint64(before)) {
					t.Fatalf("%d frames, %d bytes on their way, stretched by %d", frames, atLoss, log)
				}
				more := 0
				for p.a.TrySend(msg) == nil {
					more++
				}
				if now, _, _, _ := p.a.held(); now > max(atLoss, DefaultReplayBytes) || (before > 0 && more > 0) {
					t.Errorf("%d bytes are held without a link, %d more were taken", now, more)
				}
				if err := p.a.TrySend(msg); !errors.Is(err, ErrFull) {
					t.Errorf("TrySend into a full buffer: %v", err)
				}
				p.net.set(func(n *network) { n.down = nil })
				for range before + more {
					want(t, p.b, string(msg))
				}
			})
		})
	}
}

// K2: sessions that share a budget share what is stretched, also when one comes later.
func TestK2_LongPathsShareTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const share = DefaultBudgetBytes / stretchShare
		budget := NewBudget(DefaultBudgetBytes)
		var pairs []*pair
		for range 2 {
			p := newLongPair(t, gigabit(longRTT), Config{Budget: budget})
			defer p.end()
			pairs = append(pairs, p)
		}
		ctx, cancel := context.WithCancel(t.Context())
		msg := make([]byte, 64<<10)
		var all sync.WaitGroup
		for i, p := range pairs {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 4 * longRTT)
				for p.a.Send(ctx, msg) == nil {
				}
			})
			all.Go(func() {
				for {
					if _, err := p.b.Receive(ctx); err != nil {
						return
					}
				}
			})
		}
		time.Sleep(14 * longRTT)
		var logs, windows [2]int
		for i, p := range pairs {
			_, _, logs[i], _ = p.a.held()
			_, _, _, windows[i] = p.b.held()
		}
		cancel()
		all.Wait()
		t.Log(logs, windows)
		for _, got := range [][2]int{logs, windows} {
			if sum := got[0] + got[1]; sum > share || min(got[0], got[1]) < share*9/32 || max(got[0], got[1]) > share/2 {
				t.Errorf("stretched by %v, of %d", got, share)
			}
		}
		for _, p := range pairs { // before the budget is looked at
			p.a.CloseNow()
			p.b.CloseNow()
		}
	})
}
