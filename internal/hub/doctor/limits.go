package doctor

import "fmt"

// An instance takes about three file descriptors of the hub; the rest is for clients.
const (
	fewFiles   = 64
	plentFiles = 1024
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
