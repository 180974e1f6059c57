package metrics

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var key = []byte("0123456789abcdef0123456789abcdef")

// pair is a session whose ends are counted by collectors of their own.
type pair struct {
	t             *testing.T
	net           *sessiontest.Network
	acceptor      *session.Acceptor
	dialer, other *session.Session
	here, there   *Sessions
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, net: sessiontest.NewNetwork(), here: NewSessions(nil), there: NewSessions(nil)}
	var err error
	p.acceptor, err = session.NewAcceptor(&session.AcceptorConfig{
		Config: session.Config{Key: key, Observe: p.there.Peer("hub")}})
	if err != nil {
		t.Fatal(err)
	}
	p.net.Serve(p.acceptor)
	p.dialer = p.dial("web")
	if p.other, err = p.acceptor.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return p
}

func (p *pair) dial(name string) *session.Session {
	p.t.Helper()
	s, err := session.Dial(p.net.Dial, &session.Config{Key: key, Observe: p.here.Peer(name)})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *pair) end() {
	p.dialer.CloseNow()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p.acceptor.Close(ctx)
	p.net.Close()
}

// gathered is what a scrape finds: values by name and labels, as in brum_sessions{peer=web}.
type gathered map[string]float64

func gather(t *testing.T, c prometheus.Collector) gathered {
	t.Helper()
	g := make(gathered)
	for _, f := range families(t, c) {
		for _, m := range f.Metric {
			switch name := series(f.GetName(), m); f.GetType() {
			case dto.MetricType_HISTOGRAM:
				g[name+"_count"] = float64(m.Histogram.GetSampleCount())
				g[name+"_sum"] = m.Histogram.GetSampleSum()
			case dto.MetricType_COUNTER:
				g[name] = m.Counter.GetValue()
			default:
				g[name] = m.Gauge.GetValue()
			}
		}
	}
	return g
}

func families(t *testing.T, cs ...prometheus.Collector) []*dto.MetricFamily {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(cs...)
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func series(name string, m *dto.Metric) string {
	labels := make(map[string]string)
	for _, l := range m.Label {
		labels[l.GetName()] = l.GetValue()
	}
	var b strings.Builder
	for _, n := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, ",%s=%s", n, labels[n])
	}
	if b.Len() == 0 {
		return name
	}
	return name + "{" + b.String()[1:] + "}"
}

func (g gathered) want(t *testing.T, name string, want float64) {
	t.Helper()
	if got, ok := g[name]; !ok || got != want {
		t.Errorf("%s is %v (%v), want %v", name, got, ok, want)
	}
}

func (g gathered) between(t *testing.T, name string, low, high time.Duration) {
	t.Helper()
	if got, ok := g[name]; !ok || got < low.Seconds() || got > high.Seconds() {
		t.Errorf("%s is %v (%v), want %v to %v", name, got, ok, low, high)
	}
}
