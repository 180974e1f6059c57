package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/standardbeagle/brum/discovery"
)

// dialTime is how long an instance may take to accept a connection.
const dialTime = time.Second

// discoveryFindings tell of the directory of instance files.
func discoveryFindings(ctx context.Context, override string) (dir string, findings []Finding) {
	a := on(Discovery)
	dir, err := discovery.Dir(override)
	if err != nil {
		return "", []Finding{a.finding(Broken, "directory", line(err), "set "+discovery.EnvDir+" to an absolute path")}
	}
	err = discovery.Check(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", []Finding{a.finding(Note, "directory", dir+" is not there yet: the first instance, or the hub, makes it", "")}
	}
	if err != nil {
		mend := "set " + discovery.EnvDir + " to a directory of your own"
		if e, ok := errors.AsType[*discovery.DirError](err); ok {
			mend = e.Fix
		}
		return "", []Finding{a.finding(Broken, "directory", line(err), mend)}
	}
	findings = []Finding{a.ok("directory", "%s, %s", dir, access(dir))}
	registry, err := discovery.Open(discovery.Config{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return dir, append(findings, a.finding(Broken, "directory", line(err), ""))
	}
	return dir, append(findings, healthFindings(registry.Health(ctx))...)
}

// access tells owner and mode of what is there.
func access(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return line(err)
	}
	return fmt.Sprintf("mode %v, %s", info.Mode(), owner(info))
}

// healthFindings tell what works in the directory, and what is done where it does not.
func healthFindings(h discovery.Health) []Finding {
	a := on(Discovery)
	if h.Problem != nil {
		return []Finding{a.finding(Broken, "directory", line(h.Problem), "set "+discovery.EnvDir+" to a directory of your own")}
	}
	local := "set " + discovery.EnvDir + " to a directory on a local file system"
	fileSystem := a.ok("file system", "%s", cmp.Or(h.FileSystem, "of unknown type"))
	if h.Shared {
		fileSystem = a.finding(Note, "file system", cmp.Or(h.FileSystem, "of unknown type")+", which others can change: locks and notifications depend on that", local)
	}
	writing := a.ok("writing", "files can be written")
	if h.Write != nil {
		writing = a.finding(Broken, "writing", line(h.Write), "make room, or remount it writable, or set "+discovery.EnvDir+" to another directory")
	}
	lock := a.ok("locking", "by %v", h.Lock)
	if h.LockProblem != nil {
		lock = a.finding(Degraded, "locking", fmt.Sprintf("by %v, since %s", h.Lock, line(h.LockProblem)), local)
	}
	watch := a.ok("notifications", "the directory is watched by %v", h.Watch)
	if h.WatchProblem != nil {
		watch = a.finding(Degraded, "notifications", fmt.Sprintf("the directory is watched by %v, since %s", h.Watch, line(h.WatchProblem)),
			"raise fs.inotify.max_user_watches and max_user_instances, or "+local)
	}
	return []Finding{fileSystem, writing, lock, watch}
}

// instanceFindings judge every instance file.
func instanceFindings(ctx context.Context, dir string) []Finding {
	a := on(Instances)
	list, err := discovery.Inspect(ctx, dir)
	if err != nil {
		return []Finding{a.finding(Broken, "files", line(err), "")}
	}
	if len(list) == 0 {
		return []Finding{a.ok("files", "none: start an instance with brum-instance")}
	}
	slices.SortFunc(list, func(x, y discovery.Inspection) int { return strings.Compare(x.ID, y.ID) })
	var findings []Finding
	for _, i := range list {
		findings = append(findings, instanceFinding(ctx, i))
	}
	return findings
}

func instanceFinding(ctx context.Context, i discovery.Inspection) Finding {
	a, instance := on(Instances), i.Instance
	if i.Err != nil {
		return a.finding(Degraded, i.ID, line(i.Err), "remove the file, or have the instance write it anew by restarting it")
	}
	what := fmt.Sprintf("%s, process %d ", instance.Name, instance.Process.PID)
	switch alive := instance.Liveness(); {
	case alive.Dead():
		return a.finding(Note, i.ID, what+"is "+alive.String()+": a hub removes the file", "")
	case instance.SessionURL == "":
		return a.finding(Note, i.ID, what+"offers no session: a hub reaches it over HTTP, which loses more in outages", "start it with brum-instance")
	case alive == discovery.Unjudged:
		return a.finding(Note, i.ID, what+"is on another machine or in another container: only its endpoint can tell", "")
	}
	if err := answers(ctx, instance.SessionURL); err != nil {
		return a.finding(Degraded, i.ID, what+"lives, but does not accept connections: "+line(err), "restart it if it does not recover")
	}
	return a.ok(i.ID, "%slives; last heartbeat %v ago", what, max(0, time.Since(instance.LastPing)).Round(time.Second))
}

// answers reports why nobody accepts connections at a URL on this machine. It does not try others.
func answers(ctx context.Context, raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil || !ip.Unmap().IsLoopback() || u.Port() == "" {
		return nil
	}
	dialer := net.Dialer{Timeout: dialTime}
	conn, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	return conn.Close()
}
