//go:build integration

package test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/faultproxy"
)

// What is shipped passes Prometheus's own checks, the tests of the rules among them.
func TestL1_Promtool(t *testing.T) {
	t.Parallel()
	promtool(t, "", "check", "rules", filepath.Join(dashboards, "rules.yml"))
	out := promtool(t, "", "test", "rules", filepath.Join(dashboards, "rules_test.yml"))
	if !strings.Contains(out, "SUCCESS") {
		t.Error(out)
	}
}

// behindProxy starts an instance that hubs reach through a proxy.
func (w *world) behindProxy(name string) (i instanceFile, proxy *faultproxy.Proxy) {
	w.t.Helper()
	aside := filepath.Join(w.dir, "aside-"+name)
	if err := os.MkdirAll(aside, 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.start(w.command("brum-instance", "--name", name, "--port", "0", "--discovery-dir", aside))
	var found []string
	w.await("the file of "+name, func() bool {
		found, _ = filepath.Glob(filepath.Join(aside, "*.json"))
		return len(found) == 1
	})
	data, err := os.ReadFile(found[0])
	if err != nil {
		w.t.Fatal(err)
	}
	var record map[string]any
	if err := json.Unmarshal(data, &record); err != nil {
		w.t.Fatal(err)
	}
	i = instanceFile{fmt.Sprintf("127.0.0.1:%v", record["port"]), record["token"].(string)}
	if proxy, err = faultproxy.New(i.address); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { proxy.Close() })
	record["session_url"] = "ws://" + proxy.Addr() + "/session"
	if data, err = json.Marshal(record); err != nil {
		w.t.Fatal(err)
	}
	staged := filepath.Join(w.dir, "staged-"+name)
	if err := os.MkdirAll(w.instances(), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(staged, data, 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(staged, filepath.Join(w.instances(), filepath.Base(found[0]))); err != nil {
		w.t.Fatal(err)
	}
	return i, proxy
}

// instanceFile is what the tests need of an instance's own file.
type instanceFile struct{ address, token string }

// seen is what brum-hub status says of an instance.
type seen struct {
	Name           string    `json:"name"`
	State          string    `json:"state"`
	SessionID      string    `json:"session_id"`
	ConnectedSince time.Time `json:"connected_since"`
	Resumes        uint64    `json:"resumes"`
	LastResume     struct {
		OutageMillis float64 `json:"outage_ms"`
	} `json:"last_resume"`
}

func (w *world) see(name string) seen {
	w.t.Helper()
	out, err := w.command("brum-hub", "status", "--json").Output()
	var s struct{ Instances []seen }
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	for _, i := range s.Instances {
		if i.Name == name {
			return i
		}
	}
	w.t.Fatalf("no %s in %s", name, out)
	return seen{}
}

// scrapeText is what a program answers who asks for its metrics.
func scrapeText(t *testing.T, address, token string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", res.StatusCode, err)
	}
	return string(text)
}

// A real Prometheus, with our configuration, watches a hub and an instance through delays, an
// outage and flapping: every query of dashboard and rules finds data, figures are those of
// brum-hub status, and alerts fire and clear.
func TestL1_L2_Prometheus(t *testing.T) {
	t.Parallel()
	ofPrometheus(t, "prometheus")
	w := newWorld(t)
	web, webProxy := w.behindProxy("web")
	_, apiProxy := w.behindProxy("api")
	w.start(w.command("brum-hub", "serve", "--http", "127.0.0.1:0"))
	w.await("both instances", func() bool { return w.allActive(2) })
	hub := strings.TrimPrefix(w.httpAddress(), "http://")
	token, err := os.ReadFile(filepath.Join(w.dir, "state", "brum", "token"))
	if err != nil {
		t.Fatal(err)
	}
	p, native := w.prometheis(hub, string(token), web)
	p.await(`sum(up{job=~"brum-.*"}) == 2`)
	for address, token := range map[string]string{hub: strings.TrimSpace(string(token)), web.address: web.token} {
		if out := promtool(t, scrapeText(t, address, token), "check", "metrics"); out != "" {
			t.Error(out)
		}
	}

	delayed := time.Now()
	webProxy.Delay(faultproxy.ToClient, 200*time.Millisecond)
	p.await(`brum_session_rtt_seconds{job="brum-hub",peer="web"} >= 0.2`)
	t.Logf("a delay of 200 ms shows after %v, with a scrape each second", time.Since(delayed).Round(time.Millisecond))
	webProxy.Heal()
	p.await(`brum_session_rtt_seconds{job="brum-hub",peer="web"} < 0.2`)

	webProxy.Admit(faultproxy.Refuse)
	webProxy.Cut(faultproxy.RST)
	stop := w.flap(apiProxy)
	p.await(`ALERTS{alertname="BrumPeerWithoutLink",alertstate="firing",peer="web"}`)
	p.await(`ALERTS{alertname="BrumLinkFlapping",alertstate="firing",peer="api"}`)
	stop()
	webProxy.Heal()
	w.await("both instances again", func() bool { return w.allActive(2) })

	w.compare(p, "web")
	w.compare(p, "api")
	p.everyQuery()
	p.exemplar(w.see("web").SessionID, w.see("api").SessionID)
	native.await(`histogram_count(brum_session_outage_seconds{job="brum-hub",trigger="error"}) > 0`)

	p.await(`absent(ALERTS{alertname=~"BrumPeerWithoutLink|BrumLinkFlapping",alertstate="firing"})`)
	if text := scrapeText(t, hub, strings.TrimSpace(string(token))); strings.Contains(text, strings.TrimSpace(string(token))) || strings.Contains(text, web.token) {
		t.Error("a token in the metrics")
	}
}

// prometheis starts two: one with the configuration as it is shipped, which asks an instance, too,
// and one that takes native histograms.
func (w *world) prometheis(hub, token string, instance instanceFile) (p, native *prometheus) {
	w.t.Helper()
	dir := filepath.Join(w.dir, "prometheus")
	if err := os.Mkdir(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	config := configFor(w.t, dir, hub, token, fmt.Sprintf(`
  - job_name: brum-web
    authorization:
      credentials: %s
    static_configs:
      - targets: [%q]
`, instance.token, instance.address))
	return startPrometheus(w, config, "exemplar-storage"), startPrometheus(w, config, "native-histograms")
}

// flap cuts a proxy's connection again and again, as soon as there is one.
func (w *world) flap(proxy *faultproxy.Proxy) (stop func()) {
	done := make(chan struct{})
	var flapping sync.WaitGroup
	flapping.Go(func() {
		for tick := time.NewTicker(200 * time.Millisecond); ; {
			proxy.Cut(faultproxy.RST)
			select {
			case <-tick.C:
			case <-done:
				tick.Stop()
				return
			}
		}
	})
	stop = sync.OnceFunc(func() { close(done); flapping.Wait() })
	w.t.Cleanup(stop)
	return stop
}

// compare waits until the figures of a peer are those that the hub tells people; a link that is
// lost meanwhile changes both, one after the other.
func (w *world) compare(p *prometheus, name string) {
	w.t.Helper()
	var differ string
	w.t.Cleanup(func() {
		if w.t.Failed() && differ != "" {
			w.t.Logf("%s: %s", name, differ)
		}
	})
	w.await("the figures of "+name+" to agree", func() bool {
		differ = p.differences(w.see(name))
		return differ == ""
	})
}

// differences says where Prometheus and the hub don't agree.
func (p *prometheus) differences(s seen) string {
	const exact = 0.002 // the hub tells milliseconds
	of := fmt.Sprintf(`job="brum-hub",peer=%q`, s.Name)
	resumes := p.number(`sum(brum_session_resumes_total{` + of + `})`)
	linked := p.number(`brum_session_link_start_time_seconds{` + of + `}`)
	retrying := p.number(`brum_session_state_seconds_total{state="retrying",` + of + `}`)
	outage, since := s.LastResume.OutageMillis/1000, float64(s.ConnectedSince.UnixMilli())/1000
	switch {
	case resumes != float64(s.Resumes):
		return fmt.Sprintf("%v resumes, the hub says %d", resumes, s.Resumes)
	case math.Abs(linked-since) > exact:
		return fmt.Sprintf("linked since %v, the hub says %v", linked, since)
	case retrying < outage-exact, s.Resumes == 1 && retrying > outage+exact:
		return fmt.Sprintf("%v s without a link, the hub says %v s", retrying, outage)
	}
	return ""
}

// number is the one value that a query finds.
func (p *prometheus) number(expr string) float64 {
	p.t.Helper()
	found := p.await(expr)
	v, err := strconv.ParseFloat(found[0].value, 64)
	if err != nil || len(found) != 1 {
		p.t.Fatalf("%s: %v, %v", expr, found, err)
	}
	return v
}

// everyQuery asks all that dashboard and rules ask.
func (p *prometheus) everyQuery() {
	p.t.Helper()
	panels, annotations := dashboardQueries(p.t)
	recorded, alerts := p.loadedRules()
	for _, conditions := range []map[string]string{annotations, alerts} {
		for name, expr := range conditions {
			panels[name] = asNumber(p.t, expr)
		}
	}
	for name, expr := range recorded {
		panels[name] = expr
		panels[name+" as recorded"] = strings.TrimPrefix(name, "rule ")
	}
	for name, expr := range panels {
		p.t.Logf("%s: %d series", name, len(p.await(expr)))
	}
}

// exemplar checks that outages tell of which session they were.
func (p *prometheus) exemplar(sessions ...string) {
	p.t.Helper()
	var found []struct {
		Exemplars []struct{ Labels map[string]string }
	}
	now := time.Now()
	err := p.get("query_exemplars", url.Values{
		"query": {`brum_session_outage_seconds_bucket{job="brum-hub"}`},
		"start": {fmt.Sprint(now.Add(-time.Hour).Unix())}, "end": {fmt.Sprint(now.Add(time.Minute).Unix())},
	}, &found)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, series := range found {
		for _, e := range series.Exemplars {
			if slices.Contains(sessions, e.Labels["session"]) {
				return
			}
		}
	}
	p.t.Errorf("no exemplar of %v in %+v", sessions, found)
}
