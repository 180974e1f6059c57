package daemon

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/metrics"
)

var instancesNow = metrics.Metric{
	Name: "brum_hub_instances", Type: metrics.Gauge, Labels: []string{"state"},
	Help: "Instances that the hub has found, by the state that brum-hub status shows.",
}

// Reference lists the metrics that are the hub's own.
func Reference() []metrics.Metric { return []metrics.Metric{instancesNow} }

var instanceStates = []api.State{api.Discovered, api.Connecting, api.Active, api.Suspect, api.Retrying, api.Stalled, api.Stopped}

// instances collects how many there are in each state.
type instances struct{ hub api.Backend }

// Describe implements prometheus.Collector.
func (c instances) Describe(ch chan<- *prometheus.Desc) { ch <- instancesNow.Desc() }

// Collect implements prometheus.Collector.
func (c instances) Collect(ch chan<- prometheus.Metric) {
	status, err := c.hub.Status(context.Background())
	if err != nil {
		ch <- prometheus.NewInvalidMetric(instancesNow.Desc(), err)
		return
	}
	count := make(map[api.State]int)
	for _, i := range status.Instances {
		count[i.State]++
	}
	for _, s := range instanceStates {
		ch <- prometheus.MustNewConstMetric(instancesNow.Desc(), prometheus.GaugeValue, float64(count[s]), string(s))
	}
}
