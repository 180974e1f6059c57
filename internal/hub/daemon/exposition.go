package daemon

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/metrics"
)

// newExposition serves what Prometheus asks a hub for.
func newExposition(h *hub.Hub, sessions *metrics.Sessions, others ...prometheus.Collector) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(metrics.Build("brum-hub"), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), instances{h}, sessions)
	r.MustRegister(others...)
	return metrics.Handler(r, sessions)
}
