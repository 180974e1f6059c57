package discovery

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/standardbeagle/brum/errors"
)

// Watcher follows the instances of a directory. It learns of changes from the
// file system's notification, from a scan of the directory every Config.Scan
// and from looking at the instances' processes every Config.Check. It removes
// the files of dead processes.
type Watcher struct {
	box    *mailbox
	rescan chan struct{}
	cancel context.CancelFunc
	done   chan struct{} // closed when the loop has ended
}

// Watch reads the directory and starts to follow it. Next first delivers what
// is there already. The watcher ends with ctx or with Close.
func (r *Registry) Watch(ctx context.Context) (*Watcher, error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &Watcher{box: newMailbox(), rescan: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{})}
	o := newObserver(r, w.box)
	if err := o.rearm(); err != nil {
		cancel()
		return nil, err
	}
	o.scan()
	go func() {
		defer close(w.done)
		defer cancel()
		o.run(ctx, w.rescan)
	}()
	return w, nil
}

// Next returns the next change, waiting for it. Changes that the consumer was
// too slow for are merged: it sees the latest state of each instance, not the
// states in between. The error is ctx's or ErrClosed.
func (w *Watcher) Next(ctx context.Context) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Event{}, err
		}
		if event, ok := w.box.next(); ok {
			return event, nil
		}
		select {
		case <-ctx.Done():
		case <-w.done:
			return Event{}, ErrClosed
		case <-w.box.changed:
		}
	}
}

// Instances returns the current state, sorted by id, whether or not Next has
// delivered it.
func (w *Watcher) Instances() []Instance {
	list := w.box.snapshot()
	slices.SortFunc(list, func(a, b Instance) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Rescan makes the watcher read the whole directory and look at every process
// now, for example after the machine woke. It does not wait.
func (w *Watcher) Rescan() {
	select {
	case w.rescan <- struct{}{}:
	default: // one is due already
	}
}

// Close stops the watcher and waits until it has ended.
func (w *Watcher) Close() error {
	w.cancel()
	<-w.done
	return nil
}

// run is the loop that owns the observer.
func (o *observer) run(ctx context.Context, rescan <-chan struct{}) {
	check := time.NewTicker(o.registry.config.Check)
	scan := time.NewTicker(o.registry.config.Scan)
	defer check.Stop()
	defer scan.Stop()
	defer func() { o.disarm() }()
	defer o.tidying.Wait()
	o.tidy(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-o.notifier.events:
			o.onEvents(event, ok)
		case err, ok := <-o.notifier.errors:
			o.onError(err, ok)
		case <-rescan:
			o.scan()
			o.check()
		case <-scan.C:
			o.scan()
			o.hearing.again(o.registry.dir)
		case <-check.C:
			o.check()
		case <-o.tidied:
			o.busy = false
			o.reread()
		}
		o.registry.counts.wakeups.Add(1)
		o.tidy(ctx)
	}
}

// onEvents handles event and those that are waiting behind it, each file once.
func (o *observer) onEvents(event fsnotify.Event, ok bool) {
	const most = 1024
	changed := map[string]struct{}{}
	for n := 0; ; n++ {
		if !ok { // the notification has ended by itself
			o.disarm()
		}
		if !ok || event.Name == o.registry.dir { // deleted, moved, or changed itself
			o.scan()
			return
		}
		o.heard()
		if id, isInstance := o.idOf(event.Name); isInstance {
			changed[id] = struct{}{}
		}
		if n == most {
			break
		}
		select {
		case event, ok = <-o.notifier.events:
			continue
		default:
		}
		break
	}
	for id := range changed {
		o.refresh(id)
	}
}

// onError reads everything again: notifications may have been lost. After an
// overflow the notification goes on; any other failure may have ended it.
func (o *observer) onError(err error, ok bool) {
	if errors.Is(err, fsnotify.ErrEventOverflow) {
		o.registry.counts.overflows.Add(1)
	} else {
		o.registry.counts.notifyErrors.Add(1)
		if ok {
			o.registry.config.Log.Warn("watching the discovery directory failed; setting it up again", "dir", o.registry.dir, "err", err)
		}
		o.disarm()
	}
	o.scan()
}
