//go:build !race

package discovery

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const manyProcesses = 50

// crowd is a directory with n instances of this process.
func crowd(t *testing.T, config Config, n int) *Registry {
	t.Helper()
	r := open(t, config)
	me := whereAmI()
	for k := range n {
		i := sample(fmt.Sprintf("project-%04d", k), 7000+k)
		i.StartedAt, i.LastPing, i.Process, i.Host = time.Now(), time.Now(), me.process, me.host
		data, err := encode(i)
		fatal(t, err)
		fatal(t, os.WriteFile(pathOf(r.Dir(), i.ID), data, 0o600))
	}
	return r
}

const crowded = 500

func TestC1_scan_of_500_instances(t *testing.T) {
	const most = 50 * time.Millisecond
	for name, age := range map[string]time.Duration{
		"every file read": -time.Hour, // so new that it may be changed again unnoticed
		"nothing changed": time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			r := crowd(t, Config{}, crowded)
			written := time.Now().Add(-age)
			for _, name := range allNames(t, r.Dir()) {
				fatal(t, os.Chtimes(filepath.Join(r.Dir(), name), written, written))
			}
			o := newObserver(r, newMailbox())
			fatal(t, o.rearm())
			defer o.disarm()
			o.scan()
			before := r.Stats().FilesRead
			const rounds = 9
			var took []time.Duration
			cpu := processorTime(t)
			for range rounds {
				began := time.Now()
				o.scan()
				took = append(took, time.Since(began))
			}
			// The bound is on what a scan costs: how long it takes depends on who else computes.
			cost := (processorTime(t) - cpu) / rounds
			slices.Sort(took)
			t.Logf("a scan of %d instances costs %v; it took %v in the median", crowded, cost, took[rounds/2])
			if cost > most {
				t.Errorf("a scan costs %v, want less than %v", cost, most)
			}
			read := r.Stats().FilesRead - before
			if want := map[bool]uint64{true: rounds * crowded}[age < 0]; read != want || len(o.known) != crowded {
				t.Errorf("%d files read, want %d; %d instances", read, want, len(o.known))
			}
		})
	}
}

// While nothing changes the loop wakes for its checks and for nothing else, reads no file
// and tells nobody anything.
func TestC1_500_idle_instances_wake_nobody(t *testing.T) {
	const check, rounds = 50 * time.Millisecond, 20
	r := crowd(t, Config{Check: check, Scan: time.Hour}, crowded)
	w := watch(t, r)
	for range crowded {
		if _, err := w.Next(within(t, 20*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the probe is heard", func() bool { return len(allNames(t, r.Dir())) == crowded })
	checked(t, r)

	before := r.Stats()
	cpu := processorTime(t)
	if event, err := w.Next(within(t, rounds*check)); err == nil {
		t.Errorf("an event: %v", event)
	}
	used, after := processorTime(t)-cpu, r.Stats()
	checks := after.Checks - before.Checks
	if checks == 0 || after.Wakeups-before.Wakeups > checks+1 || after.FilesRead != before.FilesRead || after.Scans != before.Scans ||
		after.Polls != before.Polls {
		t.Errorf("in %d checks: before %+v\nafter %+v", checks, before, after)
	}
	each := used / time.Duration(max(checks, 1))
	t.Logf("a check of %d processes uses %v", crowded, each)
	if each > 50*time.Millisecond {
		t.Errorf("a check uses %v of a processor", each)
	}
}
