package daemon

import (
	"sync"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/httpconn"
	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// httpConns makes connections over HTTP and lets them look at once after a sleep and when the
// network has changed, as a brum.Guard does for sessions.
type httpConns struct {
	dial  dialContext
	event *power.Subscription
	ended sync.WaitGroup

	mu   sync.Mutex
	open map[*httpconn.Conn]struct{}
}

func newHTTPConns(monitor *power.Monitor) *httpConns {
	h := &httpConns{
		dial:  newDialBudget(wsconn.DialTCP),
		event: monitor.Subscribe(power.Resume, power.NetworkUp, power.NetworkChange),
		open:  make(map[*httpconn.Conn]struct{}),
	}
	h.ended.Go(func() {
		for e := range h.event.C {
			why := session.TriggerNetwork
			if e.Kind == power.Resume {
				why = session.TriggerWake
			}
			h.nudge(why)
		}
	})
	return h
}

func (h *httpConns) nudge(why session.Trigger) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.open {
		c.Nudge(why) // which does not wait
	}
}

// Dial is a hub.HTTPDialer.
func (h *httpConns) Dial(f hub.Found) (*httpconn.Conn, error) {
	if err := checkURL(f.HTTPURL); err != nil {
		return nil, err
	}
	c, err := httpconn.Dial(httpconn.Config{URL: f.HTTPURL, Token: string(f.Key), Life: f.Life, DialContext: h.dial})
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.open[c] = struct{}{}
	h.mu.Unlock()
	h.ended.Go(func() {
		<-c.Done()
		h.mu.Lock()
		delete(h.open, c)
		h.mu.Unlock()
	})
	return c, nil
}

// Close ends it, after all connections have ended.
func (h *httpConns) Close() {
	h.event.Close()
	h.ended.Wait()
}
