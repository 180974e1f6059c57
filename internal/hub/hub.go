package hub

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/history"
	"github.com/standardbeagle/brum/internal/hub/ledger"
	"github.com/standardbeagle/brum/internal/limits"
)

// Hub keeps a session to every instance there is. Its methods may be called from the
// moment New returned; Run does the work.
type Hub struct {
	cfg     Config
	log     *slog.Logger
	started time.Time
	changes *changes
	settled *settling
	books   *recorder
	past    *history.Book
	flights flights
	seats   seats
	starved atomic.Int64    // calls that were refused for want of memory
	orphans []ledger.Call   // that an earlier hub left without an outcome
	life    context.Context // done when the hub shuts down
	end     context.CancelCauseFunc
	work    sync.WaitGroup // links and what is done in the background; added to under mu, while not closed

	mu sync.Mutex
	// guards following
	links  map[string]*link // by instance id
	closed bool             // no more links
}

// New returns a hub that has not begun to work.
func New(cfg Config) (*Hub, error) {
	if cfg.Source == nil || cfg.Dial == nil {
		return nil, fmt.Errorf("hub: Config.Source and Config.Dial are required")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Stops == nil {
		cfg.Stops = &Stops{}
	}
	if cfg.History == nil {
		cfg.History = history.New()
	}
	cfg.LedgerPolicy = cmp.Or(cfg.LedgerPolicy, LedgerBestEffort)
	cfg.MaxConnections = cmp.Or(cfg.MaxConnections, limits.DefaultConnections)
	cfg.ConnectTimeout = cmp.Or(cfg.ConnectTimeout, connectTimeout)
	cfg.ListTimeout = cmp.Or(cfg.ListTimeout, listTimeout)
	life, end := context.WithCancelCause(context.Background())
	h := &Hub{
		cfg:     cfg,
		log:     cfg.Logger,
		started: time.Now(),
		changes: newChanges(),
		settled: newSettling(),
		life:    life,
		end:     end,
		links:   make(map[string]*link),
		books:   newRecorder(&cfg),
		past:    cfg.History,
		flights: flights{calls: make(map[callid.ID]*flight)},
		seats:   seats{max: cfg.MaxConnections},
	}
	if cfg.Ledger != nil {
		h.orphans = cfg.Ledger.Unsettled()
	}
	return h, nil
}

// Run works until ctx is done, or until the source fails, which is the error. When it
// returns all sessions and goroutines have ended. It is called once.
func (h *Hub) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, h.Shutdown)
	defer stop()
	timer := time.AfterFunc(settleTime, h.settled.finish)
	defer timer.Stop()

	for _, c := range h.orphans {
		h.background(func() { h.settleOrphan(c) })
	}
	err := h.cfg.Source.Watch(h.life, h.update)
	h.Shutdown()
	h.work.Wait()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("looking for instances: %w", err)
	}
	return nil
}

// Shutdown makes Run return and every call fail with shutting_down. It does not wait.
func (h *Hub) Shutdown() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.end(errShuttingDown)
	h.settled.finish()
}

// background runs f beside everything else; Run waits for it. After the end nothing is run.
func (h *Hub) background(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.work.Go(f)
	}
}

// update makes the links agree with what was found.
func (h *Hub) update(found []Found) {
	known, fresh, gone := h.match(found)
	for l, f := range known {
		l.update(f)
	}
	for _, l := range gone {
		l.leave()
		l.log.Info("instance gone")
	}
	for _, l := range fresh {
		l.log.Info("instance found", "directory", l.announced().Directory)
	}
	h.settled.sawAll()
	h.changes.toolsChanged()
}

// match starts links for what is new and forgets those of what is gone.
func (h *Hub) match(found []Found) (known map[*link]Found, fresh, gone []*link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, nil
	}
	known = make(map[*link]Found)
	for _, f := range found {
		if l := h.links[f.ID]; l != nil {
			known[l] = f
			continue
		}
		l := newLink(h, f)
		h.links[f.ID] = l
		fresh = append(fresh, l)
		h.settled.expect(l)
		h.work.Go(l.run)
	}
	for id, l := range h.links {
		if _, ok := known[l]; !ok && !slices.Contains(fresh, l) {
			delete(h.links, id)
			gone = append(gone, l)
		}
	}
	return known, fresh, gone
}

// find returns the link that a reference means.
func (h *Hub) find(ctx context.Context, ref string) (*link, error) {
	if err := wait(ctx, h.settled.looked); err != nil {
		return nil, err
	}
	links := h.all()
	names := make([]named, len(links))
	for i, l := range links {
		f := l.announced()
		names[i] = named{f.ID, f.Name, f.Directory}
	}
	id, err := resolve(ref, names)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(names, func(n named) bool { return n.id == id })
	return links[i], nil
}

// all returns the links in order of name and id.
func (h *Hub) all() []*link {
	h.mu.Lock()
	links := make([]*link, 0, len(h.links))
	for _, l := range h.links {
		links = append(links, l)
	}
	h.mu.Unlock()
	slices.SortFunc(links, func(a, b *link) int {
		return cmp.Or(cmp.Compare(a.name(), b.name()), cmp.Compare(a.id, b.id))
	})
	return links
}

// Status implements api.Backend.
func (h *Hub) Status(ctx context.Context) (*api.Status, error) {
	if err := wait(ctx, h.settled.looked); err != nil {
		return nil, err
	}
	s := &api.Status{
		Hub: api.HubStatus{PID: os.Getpid(), StartedAt: h.started, HTTP: h.cfg.HTTP, Version: h.cfg.Version,
			Ledger: h.books.status(), Limits: h.usage(), Networking: h.cfg.Networking.String()},
		Instances: []api.Instance{},
	}
	for _, l := range h.all() {
		s.Instances = append(s.Instances, l.status(time.Now()))
	}
	return s, nil
}

// Events implements api.Backend.
func (h *Hub) Events(ctx context.Context) iter.Seq2[api.Revisions, error] {
	return func(yield func(api.Revisions, error) bool) {
		for {
			revs, next := h.changes.current()
			if !yield(revs, nil) {
				return
			}
			select {
			case <-next:
			case <-ctx.Done():
				yield(api.Revisions{}, ctx.Err())
				return
			case <-h.life.Done():
				yield(api.Revisions{}, errShuttingDown)
				return
			}
		}
	}
}

// Connect implements api.Backend.
func (h *Hub) Connect(ctx context.Context, instance string) (*api.Instance, error) {
	l, err := h.find(ctx, instance)
	if err != nil {
		return nil, err
	}
	if err := h.cfg.Stops.set(l.id, false); err != nil {
		h.log.Warn("the list of disconnected instances was not saved", "error", err)
	}
	l.setStopped(false)
	ctx, cancel := context.WithTimeout(ctx, h.cfg.ConnectTimeout)
	defer cancel()
	if _, err := h.ready(ctx, l); err != nil {
		return nil, err
	}
	s := l.status(time.Now())
	return &s, nil
}

// Disconnect implements api.Backend.
func (h *Hub) Disconnect(ctx context.Context, instance string) (*api.Instance, error) {
	l, err := h.find(ctx, instance)
	if err != nil {
		return nil, err
	}
	if err := h.cfg.Stops.set(l.id, true); err != nil {
		h.log.Warn("the list of disconnected instances was not saved", "error", err)
	}
	l.setStopped(true)
	s := l.status(time.Now())
	return &s, nil
}
