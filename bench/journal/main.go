// Command journal compares stores of messages at equal durability: an append counts when it
// has been synced. The stores take turns, round by round, in fresh directories of the same
// file system; figures are medians of the rounds, ratios are medians of the rounds' ratios.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often each store is measured")
	each := flag.Duration("time", 500*time.Millisecond, "how long each measurement takes")
	dir := flag.String("dir", os.TempDir(), "where the stores are")
	flag.Parse()
	if err := run(*dir, *rounds, *each); err != nil {
		fmt.Fprintln(os.Stderr, "journal:", err)
		os.Exit(1)
	}
}

// result is one measurement.
type result struct {
	perSecond float64
	p50, p99  time.Duration
}

func run(dir string, rounds int, each time.Duration) error {
	fmt.Printf("%-6s %-10s %-20s %12s %10s %10s %9s\n", "bytes", "appenders", "store", "appends/s", "p50", "p99", "journal ×")
	for _, size := range []int{128, 4096} {
		for _, appenders := range []int{1, 8, 64} {
			all := make([][]result, len(stores))
			for round := range rounds {
				for i := range stores {
					at := (i + round) % len(stores)
					r, err := measure(dir, stores[at], appenders, size, each)
					if err != nil {
						return fmt.Errorf("%s: %w", stores[at].name, err)
					}
					all[at] = append(all[at], r)
				}
			}
			print(size, appenders, all)
		}
	}
	return nil
}

func print(size, appenders int, all [][]result) {
	for i, s := range stores {
		var ratios []float64
		for round := range all[i] {
			ratios = append(ratios, all[0][round].perSecond/all[i][round].perSecond)
		}
		fmt.Printf("%-6d %-10d %-20s %12.0f %10v %10v %9.2f\n", size, appenders, s.name,
			median(all[i], func(r result) float64 { return r.perSecond }),
			time.Duration(median(all[i], func(r result) float64 { return float64(r.p50) })).Round(time.Microsecond),
			time.Duration(median(all[i], func(r result) float64 { return float64(r.p99) })).Round(time.Microsecond),
			median(ratios, func(r float64) float64 { return r }))
	}
}

func median[T any](all []T, of func(T) float64) float64 {
	values := make([]float64, 0, len(all))
	for _, v := range all {
		values = append(values, of(v))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func measure(parent string, s candidate, appenders, size int, each time.Duration) (result, error) {
	dir, err := os.MkdirTemp(parent, "journal-bench-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	st, err := s.open(filepath.Join(dir, "store"), appenders)
	if err != nil {
		return result{}, err
	}
	r, err := drive(st, appenders, size, each)
	if e := st.close(); err == nil {
		err = e
	}
	return r, err
}

// drive appends from all appenders for a while, after a short time that does not count.
func drive(st store, appenders, size int, each time.Duration) (result, error) {
	warm := time.Now().Add(each / 10)
	end := warm.Add(each)
	took := make([][]time.Duration, appenders)
	errs := make([]error, appenders)
	var all sync.WaitGroup
	for a := range appenders {
		all.Go(func() {
			payload := make([]byte, size)
			for {
				began := time.Now()
				if began.After(end) {
					return
				}
				if err := st.append(a, payload); err != nil {
					errs[a] = err
					return
				}
				if began.After(warm) {
					took[a] = append(took[a], time.Since(began))
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return result{}, err
		}
	}
	merged := slices.Sorted(slices.Values(slices.Concat(took...)))
	n := len(merged)
	if n == 0 {
		return result{}, fmt.Errorf("no append ended within %v", each)
	}
	return result{float64(n) / each.Seconds(), merged[n/2], merged[n*99/100]}, nil
}
