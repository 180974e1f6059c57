package history

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// Book is the history of all instances. Its methods may be called concurrently, and none of
// them but Close waits for the disk.
type Book struct {
	limits limits
	file   *file // nil: memory only

	mu sync.Mutex
	// guards following
	pages  map[string]*page // by instance id
	total  int              // changes in all pages
	events ring[api.Event]
}

// page is what is kept of one instance.
type page struct {
	name    string
	changes ring[api.Change]
}

// New returns a book that is kept in memory only.
func New() *Book { return newBook(defaults) }

func newBook(l limits) *Book {
	return &Book{limits: l, pages: make(map[string]*page), events: newRing[api.Event](l.events)}
}

// Open returns the book that is kept at path. What can't be read is left out, and what can't be
// written is tried again: log tells of it. While another hub has the file Open waits for that to
// end, but not for long, nor beyond ctx; then the book is kept in memory only.
func Open(ctx context.Context, path string, log *slog.Logger) *Book {
	return open(ctx, path, log, defaults)
}

func open(ctx context.Context, path string, log *slog.Logger, l limits) *Book {
	b := newBook(l)
	b.file = openFile(ctx, path, log, b)
	return b
}

// Close writes what is not written yet.
func (b *Book) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.close()
}

// Add enters a change of an instance.
func (b *Book) Add(id, name string, c api.Change) {
	c.Error = strings.ToValidUTF8(c.Error[:min(len(c.Error), maxText)], "")
	c.At = c.At.Round(0) // as it comes back from disk
	b.enter(&record{ID: id, Name: name, Change: &c})
}

// AddEvent enters something that happened to the machine or the hub.
func (b *Book) AddEvent(e api.Event) {
	e.Detail = strings.ToValidUTF8(e.Detail[:min(len(e.Detail), maxText)], "")
	b.enter(&record{Event: &e})
}

func (b *Book) enter(r *record) {
	b.mu.Lock()
	b.take(r)
	if b.file != nil {
		b.file.queue(r) // under mu, so that the file has the same order
	}
	b.mu.Unlock()
}

// take puts a record into memory. mu is held, or nobody else knows b yet.
func (b *Book) take(r *record) {
	if r.Event != nil {
		b.events.add(*r.Event)
		return
	}
	p := b.pages[r.ID]
	if p == nil {
		if len(b.pages) >= b.limits.instances {
			b.forgetQuietest()
		}
		p = &page{changes: newRing[api.Change](b.limits.perInstance)}
		b.pages[r.ID] = p
	}
	p.name = r.Name
	before := len(p.changes.values)
	p.changes.add(*r.Change)
	if b.total += len(p.changes.values) - before; b.total > b.limits.changes {
		b.shorten()
	}
}

// shorten makes room at the cost of the instances that have most.
func (b *Book) shorten() {
	most := slices.MaxFunc(slices.Collect(maps.Values(b.pages)), func(a, c *page) int {
		return cmp.Compare(len(a.changes.values), len(c.changes.values))
	})
	n := max(1, len(most.changes.values)/4)
	most.changes.dropOldest(n)
	b.total -= n
}

func (b *Book) forgetQuietest() {
	quietest, since := "", time.Time{}
	for id, p := range b.pages {
		if at := p.changes.last().At; quietest == "" || at.Before(since) {
			quietest, since = id, at
		}
	}
	b.total -= len(b.pages[quietest].changes.values)
	delete(b.pages, quietest)
}

// Of returns the changes of the instance with that id, oldest first, and how many older ones
// this book has forgotten since it was opened.
func (b *Book) Of(id string) (changes []api.Change, dropped uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pages[id]
	if p == nil {
		return []api.Change{}, 0
	}
	return p.changes.list(), p.changes.dropped
}

// Find returns the instance that a reference means, which may be gone: its id, the beginning of
// its id, or its name. Of several it is the one that something happened to last.
func (b *Book) Find(ref string) (id, name string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.pages[ref]; p != nil {
		return ref, p.name, true
	}
	var latest time.Time
	for i, p := range b.pages {
		at := p.changes.last().At
		if (p.name == ref || strings.HasPrefix(i, ref)) && ref != "" && (!ok || at.After(latest)) {
			id, name, ok, latest = i, p.name, true, at
		}
	}
	return id, name, ok
}

// records is all that is kept, in no order. mu is held.
func (b *Book) records() []*record {
	var out []*record
	for id, p := range b.pages {
		for _, c := range p.changes.list() {
			out = append(out, &record{ID: id, Name: p.name, Change: &c})
		}
	}
	for _, e := range b.events.list() {
		out = append(out, &record{Event: &e})
	}
	return out
}

// byTime is the order of the file. Changes of one instance keep theirs.
func byTime(a, b *record) int { return a.at().Compare(b.at()) }

func (r *record) at() time.Time {
	if r.Event != nil {
		return r.Event.At
	}
	return r.Change.At
}
