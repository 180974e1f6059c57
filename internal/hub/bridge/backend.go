package bridge

import (
	"context"
	"iter"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
)

// Backend is a hub that comes back. A call that no hub has sent to its instance is made again
// at the next one; of a call that was under way when its hub went away the next one is asked
// for the outcome. Everything else changes nothing when it is done twice and is simply asked again.
type Backend struct {
	client *control.Client
	keeper *Keeper
}

var _ api.Backend = (*Backend)(nil)

// NewBackend returns a Backend that has keeper see to it that there is a hub.
func NewBackend(client *control.Client, keeper *Keeper) *Backend {
	return &Backend{client, keeper}
}

// again reports whether a request that failed with err should be made to the next hub, and
// waits for that.
func (b *Backend) again(ctx context.Context, err error) (bool, error) {
	switch api.CodeOf(err) {
	case api.CodeNoHub, api.CodeShuttingDown:
		if err := b.await(ctx); err != nil {
			return false, err
		}
		return true, nil
	}
	return false, err
}

// ask repeats f until a hub has answered.
func ask[T any](ctx context.Context, b *Backend, f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err == nil {
			b.keeper.Seen()
			return v, nil
		}
		if repeat, err := b.again(ctx, err); !repeat {
			return v, err
		}
	}
}

// Status implements api.Backend.
func (b *Backend) Status(ctx context.Context) (*api.Status, error) {
	return ask(ctx, b, func() (*api.Status, error) { return b.client.Status(ctx) })
}

// History implements api.Backend.
func (b *Backend) History(ctx context.Context, instance string) (*api.History, error) {
	return ask(ctx, b, func() (*api.History, error) { return b.client.History(ctx, instance) })
}

// Tools implements api.Backend.
func (b *Backend) Tools(ctx context.Context) (*api.Catalog, error) {
	return ask(ctx, b, func() (*api.Catalog, error) { return b.client.Tools(ctx) })
}

// Connect implements api.Backend.
func (b *Backend) Connect(ctx context.Context, instance string) (*api.Instance, error) {
	return ask(ctx, b, func() (*api.Instance, error) { return b.client.Connect(ctx, instance) })
}

// Disconnect implements api.Backend.
func (b *Backend) Disconnect(ctx context.Context, instance string) (*api.Instance, error) {
	return ask(ctx, b, func() (*api.Instance, error) { return b.client.Disconnect(ctx, instance) })
}

// Events implements api.Backend. It ends with an error when the hub goes away; asking
// again waits for the next hub.
func (b *Backend) Events(ctx context.Context) iter.Seq2[api.Revisions, error] {
	return func(yield func(api.Revisions, error) bool) {
		if err := b.keeper.Await(ctx); err != nil {
			yield(api.Revisions{}, err)
			return
		}
		for revs, err := range b.client.Events(ctx) {
			if !yield(revs, err) || err != nil {
				return
			}
		}
	}
}
