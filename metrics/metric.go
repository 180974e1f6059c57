package metrics

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Type is that of a metric.
type Type string

const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram" // classic and native at once
)

// Metric describes a metric.
type Metric struct {
	Name   string
	Type   Type
	Help   string
	Labels []string
}

// Reference lists the metrics of this package, in the order of their names.
func Reference() []Metric {
	all := slices.Concat(sessionMetrics(), []Metric{
		detectionSeconds.Metric, outageSeconds.Metric, resumeSeconds.Metric,
		sessionErrors.Metric, sessionsEnded.Metric,
	}, powerMetrics(), discoveryMetrics(), []Metric{buildInfo})
	slices.SortFunc(all, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Desc is m for a collector.
func (m Metric) Desc() *prometheus.Desc {
	return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
}

// metric is one whose values are made when they are asked for.
type metric struct {
	Metric
	desc *prometheus.Desc
}

func newMetric(name string, t Type, help string, labels ...string) metric {
	m := Metric{name, t, help, labels}
	return metric{m, m.Desc()}
}

// value is the metric's for these labels now.
func (m metric) value(v float64, labels ...string) prometheus.Metric {
	t := prometheus.GaugeValue
	if m.Type == Counter {
		t = prometheus.CounterValue
	}
	return prometheus.MustNewConstMetric(m.desc, t, v, labels...)
}

// word makes a label's value of a name from a fixed set.
var word = strings.NewReplacer(" ", "_", "-", "_").Replace
