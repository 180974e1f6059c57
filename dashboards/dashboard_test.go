package dashboards_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/standardbeagle/brum/internal/hub/daemon"
	"github.com/standardbeagle/brum/metrics"
)

type datasource struct{ Type, UID string }

// dashboard is what the tests look at of Grafana's model.
type dashboard struct {
	Title         string
	UID           string
	SchemaVersion int
	Panels        []panel
	Templating    struct{ List []variable }
	Annotations   struct{ List []annotation }
}

type panel struct {
	ID         int
	Type       string
	Title      string
	Datasource datasource
	GridPos    struct{ H, W, X, Y int }
	Targets    []struct {
		Datasource           datasource
		RefID, Expr, Format  string
		Range, Instant, Hide bool
	}
	FieldConfig struct {
		Defaults struct {
			Unit     string
			Mappings []struct {
				Options map[string]struct{ Text string }
			}
		}
	}
}

type variable struct {
	Name, Type, Definition string
	Datasource             datasource
}

type annotation struct {
	Name, Expr string
	Datasource datasource
}

func load(t *testing.T) dashboard {
	t.Helper()
	data, err := os.ReadFile("brum.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

var theDatasource = datasource{"prometheus", "${datasource}"}

// L1: the dashboard is one that Grafana takes from any Prometheus: panels that don't overlap, each
// with queries of the data source that is chosen.
func TestL1_Dashboard(t *testing.T) {
	d := load(t)
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 36 || len(d.Panels) == 0 {
		t.Fatalf("%+v", d)
	}
	ids, titles := map[int]bool{}, map[string]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || titles[p.Title] || p.Title == "" {
			t.Errorf("panel %d %q: id or title is in use", p.ID, p.Title)
		}
		ids[p.ID], titles[p.Title] = true, true
		g := p.GridPos
		if g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("%q is at %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Datasource != theDatasource || len(p.Targets) == 0 || p.FieldConfig.Defaults.Unit == "" {
			t.Errorf("%q: data source %+v, %d queries, unit %q", p.Title, p.Datasource, len(p.Targets), p.FieldConfig.Defaults.Unit)
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if q.Datasource != theDatasource || strings.TrimSpace(q.Expr) == "" || refs[q.RefID] || q.Hide || q.Range == q.Instant {
				t.Errorf("%q: query %+v", p.Title, q)
			}
			refs[q.RefID] = true
			if p.Type == "heatmap" && (q.Format != "heatmap" || !strings.Contains(q.Expr, "by (le)")) {
				t.Errorf("%q: query %+v", p.Title, q)
			}
		}
	}
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
		if v.Type == "query" && v.Datasource != theDatasource {
			t.Errorf("variable %+v", v)
		}
	}
	if !slices.Equal(names, []string{"datasource", "instance", "peer"}) {
		t.Errorf("variables %v", names)
	}
	for _, a := range d.Annotations.List {
		if a.Datasource != theDatasource || a.Expr == "" {
			t.Errorf("annotation %+v", a)
		}
	}
}

// L1: the states in the timeline have the names and numbers of its query.
func TestL1_StateTimeline(t *testing.T) {
	found := false
	for _, p := range load(t).Panels {
		if p.Type != "state-timeline" {
			continue
		}
		found = true
		shown := p.FieldConfig.Defaults.Mappings[0].Options
		asked := regexp.MustCompile(`state="(\w+)"\} > 0\) \* 0 \+ (\d+)`).FindAllStringSubmatch(p.Targets[0].Expr, -1)
		if len(asked) != len(shown) || len(asked) == 0 {
			t.Errorf("asks for %d states, shows %d", len(asked), len(shown))
		}
		for _, m := range asked {
			if shown[m[2]].Text != m[1] {
				t.Errorf("%s is shown as %q", m[1], shown[m[2]].Text)
			}
		}
	}
	if !found {
		t.Error("no timeline")
	}
}

// L1: dashboard and rules know no metric that is not there, and all that users are promised is
// shown.
func TestL1_MetricsExist(t *testing.T) {
	known := map[string]bool{}
	for _, m := range append(metrics.Reference(), daemon.Reference()...) {
		known[m.Name] = true
		if m.Type == metrics.Histogram {
			known[m.Name+"_bucket"] = true
		}
	}
	used := map[string]bool{}
	for _, file := range []string{"brum.json", "rules.yml", "rules_test.yml", "README.md"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// A colon before or behind makes it a recorded series.
		for _, m := range regexp.MustCompile(`(:?)\b(brum_[a-z_]+)\b(:?)`).FindAllStringSubmatch(string(data), -1) {
			if name := m[2]; m[1] == "" && m[3] == "" {
				if used[name] = true; !known[name] {
					t.Errorf("%s: there is no %s", file, name)
				}
			}
		}
	}
	for _, name := range []string{
		"brum_sessions", "brum_session_state_seconds_total", "brum_session_dials_total", "brum_session_resumes_total",
		"brum_session_detection_seconds_bucket", "brum_session_resume_seconds_bucket", "brum_session_replayed_messages_total",
		"brum_session_duplicate_messages_total", "brum_session_buffer_bytes", "brum_session_rtt_seconds",
		"brum_session_errors_total", "brum_session_breaker", "brum_power_events_total", "brum_discovery_scans_total",
	} {
		if !used[name] {
			t.Errorf("%s is shown nowhere", name)
		}
	}
}
