package instance

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/standardbeagle/brum/metrics"
)

// newExposition serves what Prometheus asks an instance for.
func newExposition(sessions *metrics.Sessions, others ...prometheus.Collector) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(metrics.Build("brum-instance"), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), sessions)
	r.MustRegister(others...)
	return metrics.Handler(r, sessions)
}
