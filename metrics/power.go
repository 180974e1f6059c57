package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/standardbeagle/brum/power"
)

var (
	powerEvents   = newMetric("brum_power_events_total", Counter, "What happened to the machine.", "kind")
	sleepSeconds  = newMetric("brum_power_sleep_seconds_total", Counter, "How long the machine has slept since the monitor began; 0 where it does not tell.")
	online        = newMetric("brum_power_online", Gauge, "Whether there is a default route and a routable address.")
	backendState  = newMetric("brum_power_backend_state", Gauge, "1 for the state that a source of events is in.", "backend", "watches", "state")
	backendFails  = newMetric("brum_power_backend_failures_total", Counter, "How often a source has failed.", "backend", "watches")
	backendHints  = newMetric("brum_power_backend_hints_total", Counter, "How often a source had something to say.", "backend", "watches")
	backendStates = [...]power.State{power.Starting, power.Active, power.Standby, power.Failed}
)

func powerMetrics() []Metric {
	return []Metric{powerEvents.Metric, sleepSeconds.Metric, online.Metric, backendState.Metric, backendFails.Metric, backendHints.Metric}
}

// Power returns a collector that tells of m.
func Power(m *power.Monitor) prometheus.Collector { return powerCollector{m} }

type powerCollector struct{ monitor *power.Monitor }

// Describe implements prometheus.Collector.
func (c powerCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range powerMetrics() {
		ch <- m.Desc()
	}
}

// Collect implements prometheus.Collector.
func (c powerCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.monitor.Status()
	for kind, n := range s.Events {
		ch <- powerEvents.value(float64(n), word(kind.String()))
	}
	ch <- sleepSeconds.value(c.monitor.SleepTime().Seconds())
	ch <- online.value(one(s.Network.Online()))
	for _, b := range s.Backends {
		source := string(b.Source)
		for _, state := range backendStates {
			ch <- backendState.value(one(b.State == state), source, b.Watches, state.String())
		}
		ch <- backendFails.value(float64(b.Fails), source, b.Watches)
		ch <- backendHints.value(float64(b.Hints), source, b.Watches)
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
