package metrics

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/power/powertest"
)

// L1: Reference lists what there is, with type, help and labels, and nothing else; names follow
// the conventions.
func TestL1_Reference(t *testing.T) {
	registry, err := discovery.Open(discovery.Config{Dir: filepath.Join(t.TempDir(), "found")})
	if err != nil {
		t.Fatal(err)
	}
	machine := powertest.New(t)
	var all []*dto.MetricFamily
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		defer p.end()
		all = families(t, p.here)
	})
	all = append(all, families(t, Power(machine.Monitor), Discovery(registry), Build("test"))...)

	problems, err := promlint.NewWithMetricFamilies(all).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	found := make(map[string]*dto.MetricFamily)
	for _, f := range all {
		found[f.GetName()] = f
	}
	reference := Reference()
	for _, m := range reference {
		f := found[m.Name]
		if f == nil {
			t.Errorf("%s is not there", m.Name)
			continue
		}
		delete(found, m.Name)
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		want := slices.Sorted(slices.Values(m.Labels))
		if f.GetHelp() != m.Help || strings.ToLower(f.GetType().String()) != string(m.Type) || !slices.Equal(labels, want) {
			t.Errorf("%+v is %s with the labels %v", m, f.GetType(), labels)
		}
	}
	for name := range found {
		t.Errorf("%s is not in the reference", name)
	}
	if !slices.IsSortedFunc(reference, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted")
	}
}

// L1: sleeps and networks are counted.
func TestL1_Power(t *testing.T) {
	machine := powertest.New(t)
	var c prometheus.Collector = Power(machine.Monitor)
	g := gather(t, c)
	g.want(t, "brum_power_events_total{kind=suspend}", 0)
	g.want(t, "brum_power_online", 1)
	sub := machine.Subscribe()
	machine.Suspend()
	machine.Sleep(3600e9)
	machine.Resume()
	<-sub.C
	<-sub.C
	g = gather(t, c)
	g.want(t, "brum_power_events_total{kind=suspend}", 1)
	g.want(t, "brum_power_events_total{kind=resume}", 1)
	g.want(t, "brum_power_sleep_seconds_total", 3600)
	g.want(t, "brum_power_backend_state{backend=powertest,state=active,watches=sleep}", 1)
}
