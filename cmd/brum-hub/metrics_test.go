package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/standardbeagle/brum/internal/faultproxy"
)

// scrape returns the hub's metrics.
func scrape(t *testing.T, base, token string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v: %s", res.StatusCode, err, text)
	}
	return string(text)
}

// L1: what happens to an instance shows in the hub's metrics, of which there are all sorts.
func TestL1_HubMetrics(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	_, proxy := w.startInstanceBehind(t, "web")
	w.active(t, 1)
	proxy.Cut(faultproxy.RST)
	base, token := w.base(t)
	var text string
	wait(t, "the resume in the metrics", func() bool {
		text = scrape(t, base, token)
		return strings.Contains(text, `brum_session_resumes_total{outcome="resumed",peer="web",trigger="error"} 1`)
	})
	for _, want := range []string{
		`brum_build_info{`, `program="brum-hub"`, `brum_hub_instances{state="stopped"} 0`, "brum_discovery_scans_total ",
		`brum_power_events_total{kind="resume"} `, "process_start_time_seconds ", "go_goroutines ",
		`brum_session_outage_seconds_bucket{trigger="error",le="+Inf"} 1`, `brum_session_dials_total{peer="web"} `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
