package metrics

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// refreshPatience is how long a scrape waits for links to answer.
	refreshPatience = time.Second
	// maxScrapes are answered at a time.
	maxScrapes = 4
)

// Handler serves what g gathers, in each of Prometheus's formats; OpenMetrics has the ids of
// sessions as exemplars. Before it measures the links of sessions, which may be nil, for a second
// or half the time that the scrape may take. It authenticates nobody.
func Handler(g prometheus.Gatherer, sessions *Sessions) http.Handler {
	next := promhttp.HandlerFor(g, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError, // what is there is better than nothing
		MaxRequestsInFlight: maxScrapes,
		EnableOpenMetrics:   true,
	})
	if sessions == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience(r))
		defer cancel()
		sessions.Refresh(ctx)
		next.ServeHTTP(w, r)
	})
}

func patience(r *http.Request) time.Duration {
	limit, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(limit > 0) || limit > 2*refreshPatience.Seconds() {
		return refreshPatience
	}
	return time.Duration(limit / 2 * float64(time.Second))
}
