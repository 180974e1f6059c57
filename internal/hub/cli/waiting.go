package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/terminal"
)

// patience is how long a command may wait before a person is told for what.
const patience = time.Second

// tellWaiting tells a person who looks on, until stop is called, what the instance that a
// command waits for is doing: whenever it does something else. Others are told nothing.
func (a *app) tellWaiting(ctx context.Context, instance string) (stop func()) {
	if !terminal.Is(a.Err) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var telling sync.WaitGroup
	telling.Go(func() {
		told := ""
		for sleep(ctx, patience); ctx.Err() == nil; sleep(ctx, patience) {
			if line := a.waitingLine(ctx, instance); line != "" && line != told && ctx.Err() == nil {
				fmt.Fprintf(a.Err, "brum-hub: %s\n", line)
				told = line
			}
		}
	})
	return func() {
		cancel()
		telling.Wait()
	}
}

// waitingLine says what an instance is doing if that is a reason to wait.
func (a *app) waitingLine(ctx context.Context, instance string) string {
	known, err := a.client().History(ctx, instance) // tells the id
	if err != nil {
		return ""
	}
	s, err := a.client().Status(ctx)
	if err != nil {
		return ""
	}
	for _, i := range s.Instances {
		if i.ID != known.ID {
			continue
		}
		if i.State == api.Active {
			return ""
		}
		line := fmt.Sprintf("waiting: %s is %s", plain(i.Name), i.State)
		if i.LastError != "" {
			line += ": " + plain(i.LastError)
		}
		return line
	}
	return ""
}
