package metrics

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

var buildInfo = Metric{"brum_build_info", Gauge, "1, labelled with the program and what it was built from.", []string{"program", "version", "revision", "go_version"}}

// Build returns a collector that tells what the running program was built from, under the name
// program.
func Build(program string) prometheus.Collector {
	labels := prometheus.Labels{"program": program, "version": "(devel)", "revision": "", "go_version": ""}
	if info, ok := debug.ReadBuildInfo(); ok {
		labels["go_version"] = info.GoVersion
		if info.Main.Version != "" {
			labels["version"] = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				labels["revision"] = s.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: buildInfo.Name, Help: buildInfo.Help, ConstLabels: labels,
	}, func() float64 { return 1 })
}
