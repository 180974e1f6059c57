package limitcheck

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standardbeagle/brum/session"
)

// Check is one of the checks.
type Check = func(context.Context, Options, parts) Row

func withPatience() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience) // this machine may be busy
	context.AfterFunc(ctx, cancel)
	return ctx
}

// withLittlePatience is for those of which it is known that they would wait in vain.
func withLittlePatience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// refuseWith refuses as a server does that says it in another way.
func refuseWith(status int) func(int, http.Handler) http.Handler {
	return func(max int, next http.Handler) http.Handler {
		var active atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer active.Add(-1)
			if active.Add(1) > int64(max) {
				w.WriteHeader(status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func dialWith(change func(*session.Config)) func(session.DialFunc, session.Config) (*session.Session, error) {
	return func(d session.DialFunc, cfg session.Config) (*session.Session, error) {
		change(&cfg)
		return session.Dial(d, &cfg)
	}
}

// leakGoroutines leaves one behind for each session, until done is closed.
func leakGoroutines(done <-chan struct{}) func(*parts) {
	return func(p *parts) {
		p.dial = func(d session.DialFunc, cfg session.Config) (*session.Session, error) {
			go func() { <-done }()
			return session.Dial(d, &cfg)
		}
	}
}

// leakMemory keeps something of each session.
func leakMemory(p *parts) {
	var kept [][]byte
	p.dial = func(d session.DialFunc, cfg session.Config) (*session.Session, error) {
		kept = append(kept, make([]byte, 32<<10))
		return session.Dial(d, &cfg)
	}
}
