//go:build integration

package test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const dashboards = "../dashboards"

// asset returns a file of ours as it is shipped.
func asset(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dashboards, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// configFor writes prometheus.yml and rules.yml as they are shipped into a directory, with the
// hub's address and token, more jobs behind, and all in a hurry: a minute takes a second, but for
// ranges, which have at least three, and there is a scrape each second.
func configFor(t *testing.T, dir, hub, token, more string) (path string) {
	t.Helper()
	config := strings.NewReplacer("15s", "1s", "127.0.0.1:7770", hub).Replace(asset(t, "prometheus.yml"))
	if strings.Count(config, "1s") != 2 || !strings.Contains(config, hub) {
		t.Fatalf("prometheus.yml is not what was expected:\n%s", config)
	}
	path = filepath.Join(dir, "prometheus.yml")
	for name, text := range map[string]string{path: config + more, filepath.Join(dir, "token"): token, filepath.Join(dir, "rules.yml"): hurry(asset(t, "rules.yml"))} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool(t, "", "check", "config", path)
	return path
}

var (
	rangeMinutes = regexp.MustCompile(`\[(\d+)m\]`)
	forMinutes   = regexp.MustCompile(`(for: \d+)m\b`)
)

// hurry makes seconds of the minutes of rules and queries, which else stay the same.
func hurry(text string) string {
	text = forMinutes.ReplaceAllString(text, "${1}s")
	return rangeMinutes.ReplaceAllStringFunc(text, func(r string) string {
		n, _ := strconv.Atoi(r[1 : len(r)-2])
		return fmt.Sprintf("[%ds]", max(3, n))
	})
}

// dashboardQueries are those of all panels and annotations, with Grafana's variables replaced.
func dashboardQueries(t *testing.T) (panels, annotations map[string]string) {
	t.Helper()
	type query struct{ Expr string }
	var d struct {
		Panels []struct {
			Title   string
			Targets []query
		}
		Annotations struct {
			List []struct {
				Name string
				query
			}
		}
	}
	if err := json.Unmarshal([]byte(asset(t, "brum.json")), &d); err != nil {
		t.Fatal(err)
	}
	replace := strings.NewReplacer("$__rate_interval", "5s", "$__range", "30s", "$instance", ".*", "$peer", ".*").Replace
	panels, annotations = map[string]string{}, map[string]string{}
	for _, p := range d.Panels {
		for i, q := range p.Targets {
			panels[fmt.Sprintf("panel %s, query %d", p.Title, i+1)] = hurry(replace(q.Expr))
		}
	}
	for _, a := range d.Annotations.List {
		annotations["annotation "+a.Name] = hurry(replace(a.Expr))
	}
	for name, expr := range panels {
		if strings.Contains(expr, "$") {
			t.Errorf("%s: %s", name, expr)
		}
	}
	if len(panels) < 20 || len(annotations) == 0 {
		t.Fatalf("%d queries of panels, %d of annotations", len(panels), len(annotations))
	}
	return panels, annotations
}

// loadedRules are those that Prometheus has read.
func (p *prometheus) loadedRules() (recorded, alerts map[string]string) {
	p.t.Helper()
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Query, Type, Health, LastError string }
		}
	}
	if err := p.get("rules", url.Values{}, &data); err != nil {
		p.t.Fatal(err)
	}
	recorded, alerts = map[string]string{}, map[string]string{}
	for _, g := range data.Groups {
		for _, r := range g.Rules {
			if r.Health != "ok" {
				p.t.Errorf("rule %s is %s: %s", r.Name, r.Health, r.LastError)
			}
			if r.Type == "alerting" {
				alerts["alert "+r.Name] = r.Query
			} else {
				recorded["rule "+r.Name] = r.Query
			}
		}
	}
	if len(recorded) < 4 || len(alerts) < 10 {
		p.t.Fatalf("%d recorded, %d alerts", len(recorded), len(alerts))
	}
	return recorded, alerts
}

var comparison = regexp.MustCompile(` (==|>|<) (\S+)$`)

// asNumber makes an alert's or annotation's condition one that yields 0 where it does not hold, so
// that what it looks at can be told from what is not there.
func asNumber(t *testing.T, expr string) string {
	t.Helper()
	if !comparison.MatchString(expr) {
		t.Errorf("%s does not end with a comparison", expr)
	}
	return comparison.ReplaceAllString(expr, " $1 bool $2")
}
