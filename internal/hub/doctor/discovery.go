package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/disk"

	"github.com/standardbeagle/brum/discovery"
)

// How long a notification may take, and an instance to accept a connection.
const (
	notifyTime = 2 * time.Second
	dialTime   = time.Second
)

// remote are the types of file systems that are on another machine.
var remote = []string{"nfs", "nfs4", "cifs", "smb", "smb2", "smbfs", "9p", "v9fs", "afs", "ncp", "ncpfs", "webdav", "ceph", "coda"}

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
	findings = []Finding{a.ok("directory", "%s, %s", dir, access(dir)), filesystem(ctx, dir)}
	ctx, cancel := context.WithTimeout(ctx, notifyTime)
	defer cancel()
	probe, err := discovery.Probe(ctx, dir)
	if err != nil {
		return dir, append(findings, a.finding(Broken, "writing", line(err), "make room, or remount it writable, or set "+discovery.EnvDir+" to another directory"))
	}
	return dir, append(findings, probeFindings(probe)...)
}

// access tells owner and mode of what is there.
func access(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return line(err)
	}
	return fmt.Sprintf("mode %v, %s", info.Mode(), owner(info))
}

func filesystem(ctx context.Context, dir string) Finding {
	const subject = "file system"
	usage, err := disk.UsageWithContext(ctx, dir)
	if err != nil || usage.Fstype == "" {
		return on(Discovery).ok(subject, "of unknown type")
	}
	if slices.Contains(remote, strings.ToLower(usage.Fstype)) {
		return on(Discovery).finding(Note, subject, usage.Fstype+", on another machine: locks and notifications depend on that",
			"set "+discovery.EnvDir+" to a local directory if one of them is told to fail")
	}
	return on(Discovery).ok(subject, "%s", usage.Fstype)
}

func probeFindings(p discovery.ProbeResult) []Finding {
	a := on(Discovery)
	lock := a.ok("locking", "locks exclude one another")
	if p.Lock != nil {
		lock = a.finding(Broken, "locking", line(p.Lock), "set "+discovery.EnvDir+" to a directory on a local file system")
	}
	notify := a.ok("notifications", "a new file was notified after %v", p.NotifyAfter.Round(10*time.Microsecond))
	if p.Notify != nil {
		notify = a.finding(Degraded, "notifications", line(p.Notify)+"; the directory is read every 30 s instead",
			"raise fs.inotify.max_user_watches and max_user_instances, or use a directory on a local file system")
	}
	return []Finding{lock, notify}
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
		return a.finding(Note, i.ID, what+"offers no session: it speaks only HTTP", "start it with brum-instance")
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
