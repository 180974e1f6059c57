package session

import (
	"testing"
	"time"
)

// Who waits for others is who finds them quickly; who does not finds out again some day.
func TestCompany(t *testing.T) {
	var c company
	for _, tt := range []struct {
		waited   time.Duration
		messages uint64
		alone    bool
	}{
		{0, 1, false},
		{worthWaiting, 1, false},
		{worthWaiting + 1, 1, true},
		{worthWaiting + 1, 0, true}, // all is on its way already
		{64 * worthWaiting, 64, false},
		{65 * worthWaiting, 64, true},
	} {
		c = company{waited: tt.waited}
		c.judge(tt.messages)
		if got := c.alone > 0; got != tt.alone {
			t.Errorf("%d messages after %v: alone %v", tt.messages, tt.waited, got)
		}
	}
	c = company{waited: time.Second}
	c.judge(1)
	for i := range aloneFor {
		if c.wait(); c.waited != 0 {
			t.Fatalf("writer %d has waited for %v", i, c.waited)
		}
		c.judge(1)
	}
	if c.alone != 0 {
		t.Errorf("after %d writers, %d more go alone", aloneFor, c.alone)
	}
	if c.wait(); c.waited == 0 {
		t.Error("nobody finds out whether to be alone is still right")
	}
}
