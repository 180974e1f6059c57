package doctor

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/power"
	"github.com/standardbeagle/brum/power/powertest"
)

func TestClocks(t *testing.T) {
	m := powertest.New(t)
	m.Sleep(90 * time.Minute)
	m.ClockStep(50 * 365 * 24 * time.Hour) // for who runs this in a bubble of time
	findings := clockFindings(m.Status())
	want(t, findings, "wall clock", OK)
	if f := want(t, findings, "sleep counter", OK); !strings.Contains(f.What, "1h30m") {
		t.Errorf("%+v", f)
	}
	s := m.Status()
	s.SleepClock, s.Clocks.Wall = false, time.Unix(0, 0)
	findings = clockFindings(s)
	want(t, findings, "wall clock", Degraded)
	want(t, findings, "sleep counter", Note)
}

func TestNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := powertest.New(t)
		findings := networkFindings(m.Status())
		want(t, findings, "online", OK)
		if f := want(t, findings, "IPv4 route", OK); !strings.Contains(f.What, "wlan0") || !strings.Contains(f.What, "192.168.1.1") {
			t.Errorf("%+v", f)
		}
		if f := want(t, findings, "addresses", OK); !strings.Contains(f.What, "192.168.1.7/24") {
			t.Errorf("%+v", f)
		}
		m.SetNetwork(powertest.Offline)
		time.Sleep(time.Second)
		findings = networkFindings(m.Status())
		want(t, findings, "online", Note)
		if f := want(t, findings, "IPv6 route", OK); f.What != "none" {
			t.Errorf("%+v", f)
		}
		m.Blind(errors.New("not permitted"))
		time.Sleep(time.Second)
		if f := want(t, networkFindings(m.Status()), "networks", Degraded); !strings.Contains(f.What, "not permitted") {
			t.Errorf("%+v", f)
		}
	})
	if got := route(power.Route{Interface: "tun0"}); got != "over tun0" {
		t.Error(got)
	}
}

func TestLimits(t *testing.T) {
	for files, s := range map[uint64]Severity{0: OK, 20: Broken, 256: Degraded, 20000: OK} {
		want(t, limitFindings(files), "open files", s)
	}
	if f := notifyFindings(0, 0); len(f) > 0 {
		t.Errorf("of what is not known: %+v", f)
	}
	want(t, notifyFindings(128, 8192), "inotify", OK)
	want(t, notifyFindings(128, 100), "inotify", Degraded)
	want(t, notifyFindings(4, 8192), "inotify", Degraded)
}

func TestUsage(t *testing.T) {
	if f := usageFindings(nil); len(f) > 0 {
		t.Errorf("without a hub: %+v", f)
	}
	status := new(api.Status)
	l := &status.Hub.Limits
	l.Connections = api.Usage{Used: 5, Limit: 5, Refused: 1}
	l.HTTP.Requests = api.Usage{Used: 1, Limit: 5, Refused: 3}
	l.Control.Requests = api.Usage{Used: 4, Limit: 5}
	l.MemoryBytes = api.Usage{Used: 100 << 20}
	l.Files = api.Usage{Used: -1, Limit: 1024}
	findings := usageFindings(status)
	for subject, c := range map[string]struct {
		severity Severity
		what     string
	}{
		"hub's connections":      {Degraded, "5 of at most 5; 1 were refused so far"},
		"hub's requests":         {Note, "1 of at most 5; 3 were refused so far"},
		"hub's control requests": {OK, "4 of at most 5"},
		"hub's memory":           {OK, "100 MiB, no limit"},
		"hub's open files":       {OK, "an unknown number of at most 1024"},
	} {
		if f := want(t, findings, subject, c.severity); f.What != c.what {
			t.Errorf("%s: %s", subject, f.What)
		}
	}
}

// A process that may open few files knows it.
func TestFewFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		if n := limits.MaxFiles(); n != 0 {
			t.Errorf("%d", n)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", "ulimit -n 48 && exec \"$0\"", self)
	cmd.Env = append(os.Environ(), filesVariable+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "48" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestVersions(t *testing.T) {
	findings := versionFindings(t.Context(), "brum 1.2")
	for _, subject := range []string{"brum", "go", "system", "session protocol", "mcp"} {
		want(t, findings, subject, OK)
	}
	if f := want(t, findings, "system", OK); f.What == "unknown" {
		t.Errorf("%+v", f)
	}
}

func TestSeverity(t *testing.T) {
	r := new(Report)
	for _, s := range []Severity{OK, Note, Degraded, Broken} {
		r.add(on(Hub).finding(s, "x", "y", "z"))
		text, err := s.MarshalText()
		var back Severity
		if err != nil || back.UnmarshalText(text) != nil || back != s || r.Severity != s {
			t.Errorf("%v: %q, %v, %v", s, text, back, r.Severity)
		}
	}
	r.add(on(Hub).ok("x", "y"))
	if r.Severity != Broken || len(r.Findings) != 5 {
		t.Errorf("%+v", r)
	}
	if new(Severity).UnmarshalText([]byte("fine")) == nil {
		t.Error("fine is a severity")
	}
}
