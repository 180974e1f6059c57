// Powerwatch prints what happens to the machine, one line of JSON an event, until it is
// interrupted. A line on its standard input makes it print how it knows.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/standardbeagle/brum/power"
)

func main() {
	hook := flag.Duration("hook", 0, "delay each sleep by this long, if the system lets us")
	who := flag.String("who", "powerwatch", "name to delay sleep under")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := watch(ctx, os.Stdin, &printer{w: os.Stdout}, *who, *hook); err != nil {
		fmt.Fprintln(os.Stderr, "powerwatch:", err)
		os.Exit(1)
	}
}

func watch(ctx context.Context, in io.Reader, out *printer, who string, hook time.Duration) error {
	m, err := power.New(power.WithWho(who))
	if err != nil {
		return err
	}
	defer m.Close()
	events := m.Subscribe()
	if hook > 0 {
		m.OnSuspend(func(ctx context.Context) {
			out.print(map[string]any{"hook": "begins"})
			time.Sleep(hook)
			out.print(map[string]any{"hook": "ends", "context": fmt.Sprint(ctx.Err())})
		})
	}
	go func() {
		for lines := bufio.NewScanner(in); lines.Scan(); {
			out.print(status(m.Status()))
		}
	}()
	out.print(status(m.Status()))
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-events.C:
			out.print(event(e))
		}
	}
}

// printer writes lines from several goroutines.
type printer struct {
	mu sync.Mutex
	w  io.Writer
}

func (p *printer) print(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only what can be encoded is printed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, "%s\n", b)
}

func event(e power.Event) map[string]any {
	v := map[string]any{"event": e.Kind.String(), "time": e.Time, "source": e.Source, "sleep": e.Sleep}
	if e.Slept > 0 {
		v["slept"] = e.Slept.String()
	}
	if e.Inferred {
		v["inferred"] = true
	}
	if e.Net != nil {
		v["major"], v["added"], v["removed"] = e.Net.Major, prefixes(e.Net.Added), prefixes(e.Net.Removed)
		v["default"] = []power.Route{e.Net.New.Default4, e.Net.New.Default6}
	}
	return v
}

func prefixes(list []netip.Prefix) []string {
	names := []string{}
	for _, p := range list {
		names = append(names, p.String())
	}
	return names
}

func status(s power.Status) map[string]any {
	backends := map[string]any{}
	for _, b := range s.Backends {
		v := map[string]any{"state": b.State.String(), "hints": b.Hints, "fails": b.Fails, "holds": b.Holds}
		if b.Err != nil {
			v["error"] = b.Err.Error()
		}
		if b.HoldErr != nil {
			v["holdError"] = b.HoldErr.Error()
		}
		backends[string(b.Source)] = v
	}
	return map[string]any{"status": backends, "sleepClock": s.SleepClock, "online": s.Network.Online(), "addrs": prefixes(s.Network.Addrs)}
}
