package doctor

import (
	"fmt"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/limits"
)

// An instance takes about three file descriptors of the hub; the rest is for clients.
const (
	fewFiles   = 64
	plentFiles = 1024
)

// A hub or instance takes one inotify instance and two watches at most; so does each editor and
// bundler.
const (
	fewInstances = 16
	fewWatches   = 1024
)

// limitFindings judge how many files a process may have open; 0 is no limit.
func limitFindings(files uint64) []Finding {
	const subject = "open files"
	const mend = "raise it: ulimit -n 4096, or LimitNOFILE= of the service"
	a := on(Limits)
	switch {
	case files == 0:
		return []Finding{a.ok(subject, "no limit")}
	case files < fewFiles:
		return []Finding{a.finding(Broken, subject, fmt.Sprintf("at most %d: too few for a hub with its clients", files), mend)}
	case files < plentFiles:
		return []Finding{a.finding(Degraded, subject, fmt.Sprintf("at most %d: enough for about %d instances", files, files/4), mend)}
	}
	return []Finding{a.ok(subject, "at most %d", files)}
}

// notifyFindings judge how many inotify instances and watches a user may have; 0 is not known.
func notifyFindings(instances, watches int) []Finding {
	const subject = "inotify"
	a := on(Limits)
	switch {
	case instances == 0 || watches == 0:
		return nil
	case instances < fewInstances || watches < fewWatches:
		return []Finding{a.finding(Degraded, subject, fmt.Sprintf("at most %d instances and %d watches: where they run out, new instances are found by looking, within 30 s", instances, watches),
			"raise fs.inotify.max_user_instances and fs.inotify.max_user_watches with sysctl")}
	}
	return []Finding{a.ok(subject, "at most %d instances and %d watches", instances, watches)}
}

// usageFindings tell how much of its limits the hub that runs has used up.
func usageFindings(status *api.Status) []Finding {
	if status == nil {
		return nil
	}
	l := status.Hub.Limits
	const raise = "raise serve --" + limits.ConnectionsFlag
	return []Finding{
		usageFinding("hub's connections", l.Connections, plainNumber, raise+", or disconnect instances"),
		usageFinding("hub's requests", l.HTTP.Requests, plainNumber, raise),
		usageFinding("hub's control requests", l.Control.Requests, plainNumber, raise),
		usageFinding("hub's memory", l.MemoryBytes, limits.Size, "raise serve --"+limits.MemoryFlag),
		usageFinding("hub's open files", l.Files, plainNumber, "raise it: ulimit -n 4096, or LimitNOFILE= of the service"),
	}
}

func plainNumber(n int64) string { return fmt.Sprint(n) }

func usageFinding(subject string, u api.Usage, show func(int64) string, mend string) Finding {
	a := on(Limits)
	used := show(u.Used)
	if u.Used < 0 {
		used = "an unknown number"
	}
	what := used + ", no limit"
	if u.Limit > 0 {
		what = fmt.Sprintf("%s of at most %s", used, show(u.Limit))
	}
	if u.Refused > 0 {
		what += fmt.Sprintf("; %d were refused so far", u.Refused)
	}
	switch {
	case u.Limit > 0 && u.Used >= u.Limit:
		return a.finding(Degraded, subject, what, mend)
	case u.Refused > 0:
		return a.finding(Note, subject, what, mend)
	}
	return a.ok(subject, "%s", what)
}
