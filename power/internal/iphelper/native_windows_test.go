//go:build !wine

package iphelper

import (
	"context"
	"testing"

	"github.com/standardbeagle/brum/power/internal/system"
)

func TestNotificationsOfThisMachine(t *testing.T) {
	for range 5 {
		run := func(ctx context.Context, s system.Sink) error { return notified(ctx, s, native) }
		if err := start(t, run, newSink())(); err != nil {
			t.Fatal(err)
		}
	}
}
