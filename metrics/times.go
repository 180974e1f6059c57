package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/standardbeagle/brum/session"
)

var (
	detectionSeconds = newMetric("brum_session_detection_seconds", Histogram, "How long a link may have been dead before it was given up, by what took it: since the peer was last heard (timeout); since what happened to the machine (wake, pause, network); else since the oldest thing sent went unanswered.", "trigger")
	outageSeconds    = newMetric("brum_session_outage_seconds", Histogram, "How long sessions that were resumed had no link, by what took it.", "trigger")
	resumeSeconds    = newMetric("brum_session_resume_seconds", Histogram, "How long the attempt took that resumed a session, on the dialing side, by what took the link.", "trigger")
)

// times are histograms of how long things took. Each has buckets and is a native histogram, too.
type times struct{ detection, outage, resume *prometheus.HistogramVec }

func newTimes() times {
	return times{
		// Probes take 0.25 to 1.5 s, silence alone is noticed within 35 s.
		detection: newHistogram(detectionSeconds, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 20, 36, 60),
		outage:    newHistogram(outageSeconds, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 28800),
		resume:    newHistogram(resumeSeconds, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
	}
}

func newHistogram(m metric, buckets ...float64) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: m.Name, Help: m.Help, Buckets: buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
		NativeHistogramMaxExemplars:     4,
	}, m.Labels)
	for trigger := session.TriggerWake; trigger <= session.TriggerManual; trigger++ {
		h.WithLabelValues(trigger.String())
	}
	return h
}

// observe files how long something took; the session's id is the example.
func (t *times) observe(id session.ID, e session.Event) {
	switch {
	case e.Kind == session.EventLinkLost:
		observe(t.detection, e.Trigger, e.Detection, id)
	case e.Kind == session.EventLinked && e.Resumed:
		observe(t.outage, e.Trigger, e.Outage, id)
		if e.Attempt > 0 {
			observe(t.resume, e.Trigger, e.Attempt, id)
		}
	}
}

func observe(h *prometheus.HistogramVec, trigger session.Trigger, took time.Duration, id session.ID) {
	h.WithLabelValues(trigger.String()).(prometheus.ExemplarObserver).
		ObserveWithExemplar(took.Seconds(), prometheus.Labels{"session": id.String()})
}

func (t *times) describe(ch chan<- *prometheus.Desc) {
	for _, h := range []*prometheus.HistogramVec{t.detection, t.outage, t.resume} {
		h.Describe(ch)
	}
}

func (t *times) collect(ch chan<- prometheus.Metric) {
	for _, h := range []*prometheus.HistogramVec{t.detection, t.outage, t.resume} {
		h.Collect(ch)
	}
}
