package service

import (
	"context"
	"time"
)

// retried tries again what may fail for a moment with these codes, because what was there
// before is still on its way out.
func retried(ctx context.Context, try func() error, codes ...int) error {
	const (
		attempts = 10
		pause    = 300 * time.Millisecond
	)
	for n := 1; ; n++ {
		err := try()
		if err == nil || n == attempts || !exitedWith(err, codes...) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
