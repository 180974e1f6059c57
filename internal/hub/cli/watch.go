package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/terminal"
)

const (
	// awayPause lies between two looks for a hub that is away.
	awayPause = 500 * time.Millisecond
	// calm is the least time between two prints of a watch.
	calm = 200 * time.Millisecond
)

// watch prints the status now and whenever it changes, over restarts of the hub. On a
// terminal it redraws, elsewhere it appends a line per change.
func (a *app) watch(ctx context.Context, asJSON bool) error {
	show := a.appendChanges()
	var every time.Duration
	switch {
	case asJSON:
		show = func(s *api.Status, err error) error {
			if err != nil {
				return nil
			}
			return json.NewEncoder(a.Out).Encode(s)
		}
	case terminal.Is(a.Out):
		show, every = a.redraw, time.Second
	}
	if _, err := a.client().Status(ctx); err != nil {
		return err // there is no hub to begin with
	}
	for ctx.Err() == nil {
		err := a.watchHub(ctx, every, show)
		if !isAway(err) {
			return untilInterrupted(ctx, err)
		}
		if err := show(nil, err); err != nil {
			return err
		}
		sleep(ctx, pauseAfter(err))
	}
	return untilInterrupted(ctx, ctx.Err())
}

// untilInterrupted is the end of a command that goes on until it is interrupted: then all is well.
func untilInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// isAway reports whether an error means that the hub is not there, or has no room, at the moment.
func isAway(err error) bool {
	switch api.CodeOf(err) {
	case api.CodeNoHub, api.CodeShuttingDown, api.CodeOverloaded:
		return true
	}
	return false
}

// pauseAfter is how long to wait after an error that passes: no less than it asks for.
func pauseAfter(err error) time.Duration { return max(awayPause, errors.RetryAfter(err)) }

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// watchHub shows the status of one hub until it goes away: when it changes, and every so
// often if asked to, since ages grow without a change.
func (a *app) watchHub(ctx context.Context, every time.Duration, show func(*api.Status, error) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var listening sync.WaitGroup
	defer listening.Wait()
	defer cancel()
	changed := make(chan error) // nil for a change, else why there will be no more
	listening.Go(func() { a.listen(ctx, changed) })

	var tick <-chan time.Time
	if every > 0 {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case err := <-changed:
			if err != nil {
				return err
			}
		case <-tick:
		case <-ctx.Done():
			return ctx.Err()
		}
		s, err := a.client().Status(ctx)
		if err != nil {
			return err
		}
		if err := show(s, nil); err != nil {
			return err
		}
		sleep(ctx, calm)
	}
}

// listen tells of changes of the status, several at once if the receiver is busy.
func (a *app) listen(ctx context.Context, changed chan<- error) {
	var seen uint64
	first := true
	tell := func(err error) {
		select {
		case changed <- err:
		case <-ctx.Done():
		}
	}
	for revs, err := range a.client().Events(ctx) {
		if err != nil {
			tell(err)
			return
		}
		if first || revs.Status != seen {
			first, seen = false, revs.Status
			tell(nil)
		}
	}
}

const (
	home       = "\x1b[H"
	clearLine  = "\x1b[K"
	clearBelow = "\x1b[J"
)

// redraw prints over what was printed before, without clearing it first, which would flicker.
func (a *app) redraw(s *api.Status, err error) error {
	var b bytes.Buffer
	if err != nil {
		fmt.Fprintf(&b, "%s (looking for it)\n", plain(err.Error()))
	} else if err := printStatus(&b, s, time.Now(), terminal.PaletteFor(a.Out)); err != nil {
		return err
	}
	out := append([]byte(home), bytes.ReplaceAll(b.Bytes(), []byte("\n"), []byte(clearLine+"\n"))...)
	_, werr := a.Out.Write(append(out, clearBelow...))
	return werr
}

// appendChanges returns what prints a line per instance whose state is another than before.
func (a *app) appendChanges() func(*api.Status, error) error {
	states := make(map[string]api.State)
	away := false
	return func(s *api.Status, err error) error {
		now := time.Now().Format("15:04:05.000")
		if err != nil {
			if !away {
				fmt.Fprintf(a.Out, "%s  %s\n", now, plain(err.Error()))
			}
			away = true
			return nil
		}
		away = false
		there := make(map[string]bool)
		for _, i := range s.Instances {
			there[i.ID] = true
			if states[i.ID] == i.State {
				continue
			}
			states[i.ID] = i.State
			line := fmt.Sprintf("%s  %s (%s): %s", now, plain(i.Name), plain(i.ID), i.State)
			if n := note(i, time.Now()); n != "" {
				line += "; " + plain(n)
			}
			if _, err := fmt.Fprintln(a.Out, line); err != nil {
				return err
			}
		}
		for id := range states {
			if !there[id] {
				delete(states, id)
				if _, err := fmt.Fprintf(a.Out, "%s  %s: gone\n", now, plain(id)); err != nil {
					return err
				}
			}
		}
		return nil
	}
}
