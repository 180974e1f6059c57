package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/standardbeagle/brum/discovery"
)

// discoveryCounter is one of discovery's counts.
type discoveryCounter struct {
	metric
	of func(*discovery.Stats) uint64
}

func discoveryCount(name, help string, of func(*discovery.Stats) uint64) discoveryCounter {
	return discoveryCounter{newMetric("brum_discovery_"+name+"_total", Counter, help), of}
}

var discoveryCounters = []discoveryCounter{
	discoveryCount("scans", "Readings of the whole directory.", func(s *discovery.Stats) uint64 { return s.Scans }),
	discoveryCount("files_read", "Instance files read.", func(s *discovery.Stats) uint64 { return s.FilesRead }),
	discoveryCount("files_skipped", "Versions of instance files that could not be used.", func(s *discovery.Stats) uint64 { return s.FilesSkipped }),
	discoveryCount("instances_gone", "Files removed because their process was dead.", func(s *discovery.Stats) uint64 { return s.InstancesGone }),
	discoveryCount("temporary_files_swept", "Temporary files of killed writers removed.", func(s *discovery.Stats) uint64 { return s.TempsSwept }),
	discoveryCount("process_checks", "Rounds of looking whether processes live.", func(s *discovery.Stats) uint64 { return s.Checks }),
	discoveryCount("notification_errors", "Failures of the file system's notification.", func(s *discovery.Stats) uint64 { return s.NotifyErrors }),
	discoveryCount("notification_overflows", "Times that notifications were lost by the system.", func(s *discovery.Stats) uint64 { return s.NotifyOverflows }),
	discoveryCount("notification_setups", "Times that notification was set up.", func(s *discovery.Stats) uint64 { return s.Armed }),
	discoveryCount("wakeups", "Times that a watcher had something to do.", func(s *discovery.Stats) uint64 { return s.Wakeups }),
	discoveryCount("polls", "Scans for changes where notification can't be relied on.", func(s *discovery.Stats) uint64 { return s.Polls }),
	discoveryCount("locks_broken", "Lock files of dead holders removed.", func(s *discovery.Stats) uint64 { return s.LocksBroken }),
}

func discoveryMetrics() []Metric {
	list := make([]Metric, len(discoveryCounters))
	for i, c := range discoveryCounters {
		list[i] = c.Metric
	}
	return list
}

// Discovery returns a collector that tells of r and its watchers.
func Discovery(r *discovery.Registry) prometheus.Collector { return discoveryCollector{r} }

type discoveryCollector struct{ registry *discovery.Registry }

// Describe implements prometheus.Collector.
func (c discoveryCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range discoveryCounters {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c discoveryCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.registry.Stats()
	for _, m := range discoveryCounters {
		ch <- m.value(float64(m.of(&s)))
	}
}
