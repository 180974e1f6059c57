package metrics

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/standardbeagle/brum/session/sessiontest"
)

const (
	acceptText        = "text/plain;version=0.0.4"
	acceptOpenMetrics = "application/openmetrics-text;version=1.0.0"
	acceptProtobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

// L1: histograms have buckets and are native ones, too; OpenMetrics has the session's id as an
// exemplar.
func TestL1_Formats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		defer p.end()
		time.Sleep(time.Second)
		p.net.Plan(sessiontest.Plan{Fate: sessiontest.Refused})
		p.net.Last().Cut()
		time.Sleep(time.Second)
		reg := prometheus.NewRegistry()
		reg.MustRegister(p.here)
		h := Handler(reg, p.here)

		text, _ := scrape(t, h, acceptText)
		if want := `brum_session_outage_seconds_bucket{trigger="error",le="+Inf"} 1` + "\n"; !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
		open, kind := scrape(t, h, acceptOpenMetrics)
		if want := `# {session="` + p.dialer.ID().String() + `"}`; !strings.Contains(open, want) || !strings.HasSuffix(open, "# EOF\n") {
			t.Errorf("%s without %s:\n%s", kind, want, open)
		}
		binary, kind := scrape(t, h, acceptProtobuf)
		if f := family(t, binary, kind, "brum_session_outage_seconds"); f == nil {
			t.Errorf("no outages in %s", kind)
		} else {
			for _, m := range f.Metric {
				if h := m.Histogram; m.Label[0].GetValue() == "error" && (h.Schema == nil || len(h.PositiveSpan) == 0 || len(h.Bucket) == 0) {
					t.Errorf("not both native and classic: %v", h)
				}
			}
		}
		if strings.Contains(text+open, string(key)) {
			t.Error("the key is in it")
		}
	})
}

func scrape(t *testing.T, h http.Handler, accept string) (body, kind string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String(), w.Header().Get("Content-Type")
}

func family(t *testing.T, body, kind, name string) *dto.MetricFamily {
	t.Helper()
	header := http.Header{"Content-Type": {kind}}
	d := expfmt.NewDecoder(bytes.NewReader([]byte(body)), expfmt.ResponseFormat(header))
	for {
		var f dto.MetricFamily
		switch err := d.Decode(&f); {
		case err == io.EOF:
			return nil
		case err != nil:
			t.Fatal(err)
		case f.GetName() == name:
			return &f
		}
	}
}

func TestL2_PatienceOfAScrape(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": time.Second, "10": time.Second, "0.5": 250 * time.Millisecond, "-1": time.Second,
		"NaN": time.Second, "Inf": time.Second, "x": time.Second, "0": time.Second,
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", header)
		if got := patience(r); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
