package mcpserver

import (
	"context"
	"iter"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// full is a hub that has no room for another who wants news.
type full struct {
	api.Backend
	asked int
}

func (f *full) Events(context.Context) iter.Seq2[api.Revisions, error] {
	return func(yield func(api.Revisions, error) bool) {
		f.asked++
		yield(api.Revisions{}, &api.Error{Code: api.CodeOverloaded, Message: "full", RetryAfterMillis: 2000})
	}
}

func TestK1_WhoIsRefusedComesBackWhenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &full{}
		ctx, cancel := context.WithTimeout(t.Context(), 19*time.Second)
		defer cancel()
		New(b, "test", slog.New(slog.DiscardHandler)).Run(ctx)
		if b.asked != 10 {
			t.Errorf("asked %d times in 19 s, told to come back after 2 s", b.asked)
		}
	})
}
