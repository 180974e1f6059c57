package doctor

import (
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
)

func TestStateDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	token := filepath.Join(dir, "token")
	want(t, stateFindings(dir, token), "state directory", Note)
	if err := control.PrivateDir(dir); err != nil {
		t.Fatal(err)
	}
	findings := stateFindings(dir, token)
	want(t, findings, "state directory", OK)
	want(t, findings, "token", Note)
	if _, err := control.LoadToken(token); err != nil {
		t.Fatal(err)
	}
	want(t, stateFindings(dir, token), "token", OK)
	if err := os.WriteFile(token, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, stateFindings(dir, token), "token", Broken)
	if runtime.GOOS == "windows" {
		return
	}
	long := hex.EncodeToString(make([]byte, 32))
	if err := os.WriteFile(token, []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, subject := range map[string]string{token: "token", dir: "state directory"} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, spoilt := range []func() error{
			func() error { return os.Chmod(path, info.Mode().Perm()|0o044) },
			func() error {
				if os.Geteuid() != 0 {
					return os.Chmod(path, info.Mode().Perm()|0o044)
				}
				return os.Chown(path, 12345, -1)
			},
		} {
			if err := spoilt(); err != nil {
				t.Fatal(err)
			}
			want(t, stateFindings(dir, token), subject, Broken)
			if os.Geteuid() == 0 {
				if err := os.Chown(path, 0, -1); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(path, info.Mode().Perm()); err != nil {
				t.Fatal(err)
			}
		}
		want(t, stateFindings(dir, token), subject, OK)
	}
}

// answer is a hub that says the same to everybody.
type answer struct {
	Client
	status *api.Status
	err    error
}

func (a answer) Status(context.Context) (*api.Status, error) { return a.status, a.err }

func TestControlSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "bd") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "hub.sock")
	hub := control.NewClient(path)
	check := func(s Severity) {
		t.Helper()
		findings, status := socketFindings(t.Context(), path, "1", hub)
		want(t, findings, "control socket", s)
		if status != nil {
			t.Errorf("a status of nobody: %+v", status)
		}
	}
	check(Note) // nothing is there
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	check(Broken)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		l.Close()
		check(Note) // what a killed hub leaves
	}
	findings := []Finding{noHub(path, &api.Error{Code: api.CodeTimeout, Message: "timed out"})}
	want(t, findings, "control socket", Broken)
}

func TestHubVersion(t *testing.T) {
	for hub, s := range map[string]Severity{"1.2": OK, "1.1": Degraded, "": Degraded} {
		status := &api.Status{Hub: api.HubStatus{PID: 7, StartedAt: time.Now(), Version: hub}}
		findings, got := socketFindings(t.Context(), t.TempDir(), "1.2", answer{status: status})
		want(t, findings, "version", s)
		want(t, findings, "process", OK)
		if got != status {
			t.Errorf("%+v", got)
		}
	}
}

func TestHTTP(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer web.Close()
	running := func(url string) *api.Status { return &api.Status{Hub: api.HubStatus{HTTP: url}} }
	taken := web.Listener.Addr().String()
	for _, c := range []struct {
		address string
		status  *api.Status
		want    Severity
	}{
		{"", nil, Note},
		{taken, running(""), Note},
		{taken, running(web.URL), OK},
		{taken, running(web.URL + "/elsewhere"), Broken},
		{"127.0.0.1:0", nil, OK},
		{taken, nil, Degraded},
		{"0.0.0.0:7770", nil, Broken},
	} {
		findings := httpFindings(t.Context(), c.address, c.status)
		if len(findings) != 1 || findings[0].Severity != c.want {
			t.Errorf("%q, %+v: %+v", c.address, c.status, findings)
		}
	}
	web.CloseClientConnections()
}

func TestSessions(t *testing.T) {
	if got := sessionFindings(nil); len(got) > 0 {
		t.Errorf("without a hub: %+v", got)
	}
	status := new(api.Status)
	states := map[api.State]Severity{api.Active: OK, api.Suspect: Note, api.Connecting: Note, api.Discovered: Note,
		api.Stopped: Note, api.Retrying: Degraded, api.Stalled: Degraded}
	for s := range states {
		status.Instances = append(status.Instances, api.Instance{ID: string(s), State: s, LastError: "why"})
	}
	status.Instances = append(status.Instances,
		api.Instance{ID: "flaps", State: api.Active, RawState: api.Active, Unsteady: true, RecentLosses: 5},
		api.Instance{ID: "gone", State: api.Active, RawState: api.Retrying}) // not shown yet
	findings := sessionFindings(status)
	want(t, findings, "flaps", Note)
	want(t, findings, "gone", Degraded)
	for state, s := range states {
		want(t, findings, string(state), s)
	}
}

// Examine looks at everything, and takes its time.
func TestExamine(t *testing.T) {
	m := newMachine(t)
	r := Examine(t.Context(), Options{
		Monitor: m.Monitor, Hub: answer{err: &api.Error{Code: api.CodeNoHub, Err: fs.ErrNotExist}},
		Socket: filepath.Join(t.TempDir(), "none"), StateDir: t.TempDir(), Token: filepath.Join(t.TempDir(), "token"),
		DiscoveryDir: foundDir(t), HTTP: "127.0.0.1:0", Version: "1.2",
	})
	areas := make(map[Area]bool)
	for _, f := range r.Findings {
		areas[f.Area] = true
	}
	for _, a := range []Area{Versions, Power, Clocks, Network, Discovery, Instances, Hub, Limits} {
		if !areas[a] {
			t.Errorf("nothing about %s", a)
		}
	}
	if n := m.Status().Hooks; n != 0 {
		t.Error(fmt.Sprint(n, " hooks stay"))
	}
}
