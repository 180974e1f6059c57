package control

import (
	"bufio"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

// liveBackend is a backend whose status a test changes.
type liveBackend struct {
	scripted
	mu      sync.Mutex
	now     api.Status
	changed chan struct{}
	ended   chan struct{}
}

func (b *liveBackend) set(instances ...api.Instance) {
	b.mu.Lock()
	b.now.Instances = instances
	b.mu.Unlock()
	b.changed <- struct{}{}
}

func newLiveBackend(instances ...api.Instance) *liveBackend {
	b := &liveBackend{changed: make(chan struct{}), ended: make(chan struct{})}
	b.now.Instances = instances
	b.status = func(context.Context) (*api.Status, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		s := b.now
		return &s, nil
	}
	b.events = func(ctx context.Context) iter.Seq2[api.Revisions, error] {
		return func(yield func(api.Revisions, error) bool) {
			for yield(api.Revisions{}, nil) {
				select {
				case <-b.changed:
				case <-b.ended:
					yield(api.Revisions{}, &api.Error{Code: api.CodeShuttingDown, Message: "bye"})
					return
				case <-ctx.Done():
					yield(api.Revisions{}, ctx.Err())
					return
				}
			}
		}
	}
	return b
}

func TestLiveTellsWhatIsNew(t *testing.T) {
	web, other := api.Instance{ID: "web", State: api.Active}, api.Instance{ID: "other", State: api.Active}
	b := newLiveBackend(web, other)
	s := httptest.NewServer(NewHandler(b, nil))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", s.URL+pathLive, nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); kind != eventsType {
		t.Fatal(kind)
	}
	in := bufio.NewScanner(res.Body)
	next := func(into any) (kind string) {
		t.Helper()
		for in.Scan() {
			if k, ok := strings.CutPrefix(in.Text(), "event: "); ok {
				kind = k
			}
			if data, ok := strings.CutPrefix(in.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), into); err != nil {
					t.Fatal(err)
				}
				return kind
			}
		}
		t.Fatal("the events end: ", in.Err())
		return ""
	}
	var live api.Live
	if kind := next(&live); kind != "status" || !live.Full || len(live.Instances) != 2 || live.At.IsZero() {
		t.Errorf("first: %s %+v", kind, live)
	}
	web.State = api.Retrying
	heard := time.Now()
	other.LastHeardAt, other.UptimeSeconds = &heard, 7 // nothing new
	b.set(web, other)
	live = api.Live{}
	if next(&live); live.Full || len(live.Instances) != 1 || live.Instances[0].State != api.Retrying || len(live.Gone) != 0 {
		t.Errorf("a change: %+v", live)
	}
	b.set(other)
	live = api.Live{}
	if next(&live); live.Full || len(live.Instances) != 0 || len(live.Gone) != 1 || live.Gone[0] != "web" {
		t.Errorf("an end: %+v", live)
	}
	close(b.ended)
	var end record
	if kind := next(&end); kind != "error" || end.Error == nil || end.Error.Code != api.CodeShuttingDown {
		t.Errorf("the end: %s %+v", kind, end)
	}
	if in.Scan() && in.Text() != "" {
		t.Errorf("after the end: %s", in.Text())
	}
}
