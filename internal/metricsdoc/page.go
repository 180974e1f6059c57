package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/standardbeagle/brum/internal/hub/daemon"
	"github.com/standardbeagle/brum/metrics"
)

const intro = `# Metrics

<!-- Made by go generate ./internal/metricsdoc from the code: change it there. -->

The hub and each instance serve these at ` + "`/metrics`" + `, for who bears their token; [dashboards/README.md](../dashboards/README.md) says how to have Prometheus ask, and what to look at. An application gets those of its own sessions, power monitor and discovery from package ` + "`metrics`" + `.

Beside them both programs have those of the Go runtime and of the process (` + "`go_…`, `process_…`" + `).

- **peer** is the name of the instance on a hub, and ` + "`hub`" + ` on an instance. At most 200 are told apart; those without room are ` + "`other`" + `.
- **state** of a session: connecting, active, suspect, stalled (these three have a link), retrying, detached, closing.
- **trigger** is what took a link: wake, pause (of this process), network, timeout, error, peer, manual.
- Histograms have classic buckets and are native histograms, too. In OpenMetrics the session's id is their exemplar.
`

// page is docs/metrics.md.
func page() []byte {
	var b bytes.Buffer
	b.WriteString(intro)
	section(&b, "Hub", daemon.Reference())
	section(&b, "Sessions", only("brum_session"))
	section(&b, "Power", only("brum_power"))
	section(&b, "Discovery (the hub)", only("brum_discovery"))
	section(&b, "Build", only("brum_build"))
	return b.Bytes()
}

func section(b *bytes.Buffer, title string, list []metrics.Metric) {
	fmt.Fprintf(b, "\n## %s\n\n| metric | type | labels | |\n|---|---|---|---|\n", title)
	for _, m := range list {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, strings.Join(m.Labels, ", "), m.Help)
	}
}

func only(prefix string) (list []metrics.Metric) {
	for _, m := range metrics.Reference() {
		if strings.HasPrefix(m.Name, prefix) {
			list = append(list, m)
		}
	}
	return list
}
