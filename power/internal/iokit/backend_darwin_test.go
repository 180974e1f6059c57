package iokit

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// All but the messages themselves can be had from a machine that does not sleep.
func TestAppleFrameworks(t *testing.T) {
	for range 3 {
		for _, b := range Backends("iokit", "clock", time.Hour) {
			s := newSink(t, true)
			if err := s.run(b)(); err != nil {
				t.Errorf("%s: %v", b.Name, err)
			}
		}
	}
}
