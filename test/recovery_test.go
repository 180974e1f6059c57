//go:build integration

package test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/faultproxy"
)

// outage is one kind of trouble, which comes and goes by the same clock in both settings.
type outage struct {
	name  string
	begin func(*faultproxy.Proxy)
	lasts time.Duration
	rest  time.Duration // until the next one begins
}

// refused is a restart of what lies between: connections are reset, and new ones refused.
var refused = outage{"reset, and refused for 400 ms", func(p *faultproxy.Proxy) {
	p.Admit(faultproxy.Refuse)
	p.Cut(faultproxy.RST)
}, 400 * time.Millisecond, 1600 * time.Millisecond}

// recoveryPlan ends with what takes longest to notice.
var recoveryPlan = []outage{
	refused, refused, refused,
	{"everything stands still for 1 s", func(p *faultproxy.Proxy) { p.Stall() }, time.Second, time.Second},
	{"connections die silently within 1 s", func(p *faultproxy.Proxy) { p.Blackhole() }, time.Second, 0},
}

// recoveryLimit is when an outage counts as not recovered from.
const recoveryLimit = 40 * time.Second

// recovery is what came of the plan in one setting.
type recovery struct {
	name string

	mu      sync.Mutex
	took    map[string][]time.Duration // by outage: from its end to the next answer
	lost    int                        // calls that had to be made again
	reached time.Duration              // for how long calls were made, summed over instances
	opened  int                        // connections that reached the instance
}

// M7: what sessions are worth. Two hubs, one with sessions and one over HTTP, reach the same
// instances through networks that fail alike; a program calls a tool of each all the time, and
// again should a call fail.
func TestM7_RecoveryBesideHTTP(t *testing.T) {
	t.Parallel()
	const instances = 4
	home := newWorld(t)
	for i := range instances {
		home.start(home.command("brum-instance", "--name", fmt.Sprint("instance-", i), "--port", "0", "--quiet"))
	}
	found := filepath.Join(home.dir, "run", "brummer", "instances")
	var files []string
	home.await("the instances' files", func() bool {
		files, _ = filepath.Glob(filepath.Join(found, "*.json"))
		return len(files) == instances
	})

	settings := []*recovery{{name: "sessions"}, {name: "HTTP"}}
	start := &barriers{ready: make(chan struct{})}
	var all sync.WaitGroup
	for _, r := range settings {
		r.took = make(map[string][]time.Duration)
		w := newWorld(t)
		proxies := w.behindProxies(files)
		w.start(w.command("brum-hub", "serve", "--http", "off", fmt.Sprint("--robust-networking=", r.name == "sessions")))
		w.await("all instances", func() bool { return w.allActive(instances) })
		client := w.connectAI(t.Context())
		for id, proxy := range proxies {
			start.readied.Add(1)
			start.through.Add(1)
			all.Go(func() { r.drive(t, client.session, id, proxy, start) })
		}
	}
	start.readied.Wait()
	close(start.ready)
	all.Wait()

	sessions, http := settings[0], settings[1]
	t.Logf("\n%s", recoveryTable(settings))
	if sessions.lost > 0 {
		t.Errorf("with sessions %d calls failed", sessions.lost)
	}
	if s, h := sessions.percentile("", 95), http.percentile("", 95); s > h+2*time.Second {
		t.Errorf("95 of 100 recoveries took %v with sessions, and %v over HTTP", s, h)
	}
}

// behindProxies announces the instances of files in this world, each behind a network of its
// own, which it returns by the instance's id.
func (w *world) behindProxies(files []string) map[string]*faultproxy.Proxy {
	w.t.Helper()
	dir := filepath.Join(w.dir, "run", "brummer", "instances")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	proxies := make(map[string]*faultproxy.Proxy)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		var record map[string]any
		if err := json.Unmarshal(data, &record); err != nil {
			w.t.Fatal(err)
		}
		at, err := url.Parse(record["session_url"].(string))
		if err != nil {
			w.t.Fatal(err)
		}
		proxy, err := faultproxy.New(at.Host)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { proxy.Close() })
		at.Host = proxy.Addr()
		record["session_url"] = at.String()
		if data, err = json.Marshal(record); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), data, 0o600); err != nil {
			w.t.Fatal(err)
		}
		proxies[strings.TrimSuffix(filepath.Base(file), ".json")] = proxy
	}
	return proxies
}

// barriers make all begin and end together, so that they see the same weather for as long.
type barriers struct {
	readied, through sync.WaitGroup
	ready            chan struct{}
}

// drive takes one instance through the plan, while it is called all the time.
func (r *recovery) drive(t *testing.T, client *mcp.ClientSession, id string, proxy *faultproxy.Proxy, b *barriers) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	answers := make(chan time.Time, 10_000) // of each call: when it came
	var calling sync.WaitGroup
	stop := make(chan struct{})
	calling.Go(func() { r.call(ctx, client, id, answers, stop) })
	select {
	case <-answers:
	case <-ctx.Done():
		t.Errorf("%s: no first answer", r.name)
	}
	b.readied.Done()
	<-b.ready
	began, before := time.Now(), proxy.Counters().Forwarded
	for _, o := range recoveryPlan {
		o.begin(proxy)
		time.Sleep(o.lasts)
		over := time.Now()
		proxy.Heal()
		took := awaitAnswer(answers, over)
		if took >= recoveryLimit {
			t.Errorf("%s: no answer within %v of the end of: %s", r.name, took, o.name)
		}
		r.mu.Lock()
		r.took[o.name] = append(r.took[o.name], took)
		r.mu.Unlock()
		time.Sleep(time.Until(over.Add(o.rest)))
	}
	b.through.Done()
	b.through.Wait()
	close(stop)
	calling.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached += time.Since(began)
	r.opened += proxy.Counters().Forwarded - before
}

// call calls a tool that only reads until stop.
func (r *recovery) call(ctx context.Context, client *mcp.ClientSession, id string, answers chan<- time.Time, stop <-chan struct{}) {
	for {
		res, err := client.CallTool(ctx, &mcp.CallToolParams{Name: "hub_scripts_list", Arguments: map[string]any{"instance_id": id}})
		if err == nil && !res.IsError {
			answers <- time.Now()
		} else {
			r.mu.Lock()
			r.lost++
			r.mu.Unlock()
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-stop:
			return
		case <-ctx.Done():
			return
		}
	}
}

// awaitAnswer returns how long after that time the first answer came.
func awaitAnswer(answers <-chan time.Time, over time.Time) time.Duration {
	limit := time.After(recoveryLimit)
	for {
		select {
		case at := <-answers:
			if at.After(over) {
				return at.Sub(over)
			}
		case <-limit:
			return recoveryLimit
		}
	}
}

// percentile is that of the recoveries from one kind of outage, or from all.
func (r *recovery) percentile(outage string, p int) time.Duration {
	var all []time.Duration
	for name, took := range r.took {
		if outage == "" || name == outage {
			all = append(all, took...)
		}
	}
	slices.Sort(all)
	return all[min(len(all)*p/100, len(all)-1)]
}

func recoveryTable(settings []*recovery) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "OUTAGE\tSETTING\tRECOVERIES\tP50\tP95")
	names := []string{""}
	for _, o := range recoveryPlan {
		names = append(names, o.name)
	}
	for _, name := range slices.Compact(names) {
		for _, r := range settings {
			n := len(r.took[name])
			if name == "" {
				n = len(recoveryPlan) * len(r.took[recoveryPlan[len(recoveryPlan)-1].name])
			}
			fmt.Fprintf(t, "%s\t%s\t%d\t%v\t%v\n", cmp.Or(name, "all"), r.name, n,
				r.percentile(name, 50).Round(time.Millisecond), r.percentile(name, 95).Round(time.Millisecond))
		}
	}
	for _, r := range settings {
		perHour := float64(r.opened) / r.reached.Hours()
		fmt.Fprintf(t, "reconnects\t%s\t%d\t%.0f an hour\tcalls that had to be repeated: %d\n", r.name, r.opened, perHour, r.lost)
	}
	t.Flush()
	return b.String()
}
