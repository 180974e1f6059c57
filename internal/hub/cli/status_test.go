package cli

import (
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func TestNote(t *testing.T) {
	now := time.Now()
	soon := now.Add(20 * time.Second)
	for _, c := range []struct {
		i    api.Instance
		want string
	}{
		{api.Instance{State: api.Active, Health: &api.Health{Quality: 1}}, ""},
		{api.Instance{State: api.Active, Unsteady: true, RecentLosses: 7}, "(unsteady: lost 7 times in 2 minutes)"},
		{api.Instance{State: api.Stalled, Health: &api.Health{Failures: 1, SilentMillis: 40_000}}, "(has said nothing for 40s)"},
		{api.Instance{State: api.Suspect, Held: api.HeldOffline}, "(offline: checks are paused)"},
		{api.Instance{State: api.Active, Held: api.HeldOffline}, ""},
		{api.Instance{State: api.Retrying, Breaker: "closed", LastError: "refused", NextAttemptAt: &soon}, "refused (next attempt in 20s)"},
		{api.Instance{State: api.Retrying, Breaker: "open", LastError: "refused", NextAttemptAt: &soon}, "refused (breaker open, next attempt in 20s)"},
		{api.Instance{State: api.Retrying, NextAttemptAt: &soon}, "(next attempt in 20s)"},
	} {
		if got := note(c.i, now); got != c.want {
			t.Errorf("%+v: %q, want %q", c.i, got, c.want)
		}
	}
}
