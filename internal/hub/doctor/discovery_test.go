package doctor

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/discovery"
)

func foundDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "found")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestDiscoveryDirectory(t *testing.T) {
	dir := foundDir(t)
	got, findings := discoveryFindings(t.Context(), dir)
	if got != dir {
		t.Errorf("%s, want %s", got, dir)
	}
	want(t, findings, "directory", OK)
	want(t, findings, "file system", OK)
	want(t, findings, "locking", OK)
	want(t, findings, "notifications", OK)
	for _, left := range must(os.ReadDir(dir)) {
		if left.Name() != ".discovery.lock" { // which everybody uses
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestNoDiscoveryDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	_, findings := discoveryFindings(t.Context(), dir)
	want(t, findings, "directory", Note)
	if _, err := os.Lstat(dir); err == nil {
		t.Error("doctor made the directory")
	}
}

func TestBrokenDiscoveryDirectory(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("modes, owners and links are those of Unix")
		return
	}
	for name, c := range map[string]struct {
		spoil func(dir string) error
		says  string
	}{
		"mode": {func(dir string) error { return os.Chmod(dir, 0o755) }, "0755"},
		"link": {func(dir string) error {
			return os.Rename(dir, dir+"2")
		}, ""},
		"file": {func(dir string) error {
			if err := os.Remove(dir); err != nil {
				return err
			}
			return os.WriteFile(dir, nil, 0o600)
		}, "not a directory"},
		"owner": {func(dir string) error { return os.Chown(dir, 12345, -1) }, "12345"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "owner" && os.Geteuid() != 0 {
				t.Log("only root can give a directory away")
				return
			}
			dir := foundDir(t)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			if name == "link" {
				if err := os.Symlink(dir+"2", dir); err != nil {
					t.Fatal(err)
				}
			}
			_, findings := discoveryFindings(t.Context(), dir)
			if f := want(t, findings, "directory", Broken); !strings.Contains(f.What, c.says) || len(findings) != 1 {
				t.Errorf("%+v", findings)
			}
		})
	}
}

func TestM2_HealthFindings(t *testing.T) {
	findings := healthFindings(discovery.Health{FileSystem: "nfs", Shared: true, Write: context.Canceled,
		Lock: discovery.LockFile, LockProblem: context.Canceled, Watch: discovery.WatchPolled, WatchProblem: context.DeadlineExceeded})
	want(t, findings, "file system", Note)
	want(t, findings, "writing", Broken)
	want(t, findings, "locking", Degraded)
	want(t, findings, "notifications", Degraded)
	want(t, healthFindings(discovery.Health{Problem: context.Canceled}), "directory", Broken)
}

func TestInstances(t *testing.T) {
	dir := foundDir(t)
	want(t, instanceFindings(t.Context(), dir), "files", OK)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	registry, err := discovery.Open(discovery.Config{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, id := range []string{"web", "old"} {
		i := discovery.Instance{ID: id, Name: id, Directory: dir, Port: l.Addr().(*net.TCPAddr).Port}
		if id == "web" {
			i.SessionURL, i.Token = "ws://"+l.Addr().String()+"/session", "0123456789abcdef0123456789abcdef"
			i.Protocol = discovery.VersionRange{Min: 1, Max: 1}
		}
		if _, err := registry.Register(ctx, i); err != nil {
			t.Fatal(err)
		}
	}
	// The same, of a process that has ended; and what is no instance at all.
	web, err := os.ReadFile(filepath.Join(dir, "web.json"))
	if err != nil {
		t.Fatal(err)
	}
	dead := strings.ReplaceAll(string(web), `"web"`, `"dead"`)
	dead = regexp.MustCompile(`"pid": *`).ReplaceAllString(dead, `"pid": 9`)
	for name, text := range map[string]string{"dead": dead, "junk": "{"} {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	findings := instanceFindings(t.Context(), dir)
	want(t, findings, "web", OK)
	want(t, findings, "old", Note)
	want(t, findings, "dead", Note)
	want(t, findings, "junk", Degraded)

	l.Close()
	want(t, instanceFindings(t.Context(), dir), "web", Degraded)
	if len(findings) != 4 {
		t.Errorf("%+v", findings)
	}
}

// Nobody on another machine is dialled.
func TestOnlyThisMachineIsDialled(t *testing.T) {
	for _, url := range []string{"ws://192.0.2.1:9/session", "ws://host.invalid:9/session", "ws://127.0.0.1/session"} {
		if err := answers(t.Context(), url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
