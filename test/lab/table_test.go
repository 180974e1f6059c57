//go:build integration && linux

package lab

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// row is what a fault did.
type row struct {
	fault      string
	sessions   int
	noticed    times // since the fault began: sessions that left the state active
	resumed    times // since it was over
	sent       uint64
	delivered  uint64 // once
	verdicts   uint64
	duplicates uint64
	resumes    uint64 // both sides counted
}

// times are durations of one kind.
type times []time.Duration

// at is the value below which a share of them is.
func (d times) at(share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func (d times) String() string {
	if len(d) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s/%s/%s", ms(d.at(0.5)), ms(d.at(0.95)), ms(d.at(1)))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3g", float64(d.Microseconds())/1000) }

// table is the rows of all tests.
type table struct {
	mu   sync.Mutex
	rows []row
}

var figures table

func (f *table) add(r row) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, r)
}

func (f *table) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rows) == 0 {
		return ""
	}
	slices.SortStableFunc(f.rows, func(a, b row) int { return cmp.Compare(a.fault, b.fault) })
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "times in ms: p50/p95/max\nfault\tn\tnoticed after\tresumed after its end\tsent\tdelivered once\tverdicts\tduplicates\tresumes")
	for _, r := range f.rows {
		fmt.Fprintf(w, "%s\t%d\t%v\t%v\t%d\t%d\t%d\t%d\t%d\n", r.fault, r.sessions, r.noticed, r.resumed,
			r.sent, r.delivered, r.verdicts, r.duplicates, r.resumes/2)
	}
	w.Flush()
	return out.String()
}
