package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
	"github.com/standardbeagle/brum/wsconn"
)

// hubTime is how long a hub may take to answer.
const hubTime = 3 * time.Second

func stateFindings(dir, token string) []Finding {
	a := on(Hub)
	err := control.CheckPrivateDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{a.finding(Note, "state directory", dir+" is not there yet: the hub makes it", "")}
	case err != nil:
		return []Finding{a.finding(Broken, "state directory", line(err), "close it to others (chmod 700), or name another with --state-dir")}
	}
	findings := []Finding{a.ok("state directory", "%s, %s", dir, access(dir))}
	_, err = control.ReadToken(token)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return append(findings, a.finding(Note, "token", token+" is not there yet: the hub makes it", ""))
	case err != nil:
		return append(findings, a.finding(Broken, "token", line(err), "remove the file: the hub makes another, which clients over HTTP have to be given"))
	}
	return append(findings, a.ok("token", "%s, %s", token, access(token)))
}

// socketFindings tell of the control socket and of who answers there. The status is nil if nobody
// does.
func socketFindings(ctx context.Context, path, version string, hub Client) ([]Finding, *api.Status) {
	a := on(Hub)
	ctx, cancel := context.WithTimeout(ctx, hubTime)
	defer cancel()
	status, err := hub.Status(ctx)
	if err == nil {
		findings := []Finding{
			a.ok("control socket", "%s, %s; in a directory of %s", path, access(path), access(filepath.Dir(path))),
			a.ok("process", "%d, running since %s", status.Hub.PID, status.Hub.StartedAt.Format(time.RFC3339)),
		}
		return append(findings, sameVersion(status.Hub.Version, version)), status
	}
	return []Finding{noHub(path, err)}, nil
}

func noHub(path string, err error) Finding {
	const subject = "control socket"
	a := on(Hub)
	if api.CodeOf(err) != api.CodeNoHub {
		return a.finding(Broken, subject, fmt.Sprintf("a hub listens at %s, but does not answer: %s", path, line(err)),
			"stop that hub, or choose another --socket")
	}
	info, serr := os.Lstat(path)
	switch {
	case errors.Is(serr, fs.ErrNotExist):
		return a.finding(Note, subject, "no hub is running at "+path, "start one with brum-hub serve")
	case serr != nil:
		return a.finding(Broken, subject, line(serr), "make the directory accessible, or choose another --socket")
	case info.IsDir() || info.Mode()&fs.ModeSymlink != 0:
		return a.finding(Broken, subject, path+" is no socket, so that no hub can be reached there", "remove it, or choose another --socket")
	case errors.Is(err, fs.ErrPermission):
		return a.finding(Broken, subject, fmt.Sprintf("%s can't be used: %s", path, line(err)), "run doctor as the user that runs the hub")
	}
	return a.finding(Note, subject, "no hub is running; one that was killed left "+path, "start one with brum-hub serve, which replaces it")
}

func sameVersion(hub, ours string) Finding {
	if hub == ours {
		return on(Hub).ok("version", "the hub and this program are the same build")
	}
	if hub == "" {
		hub = "an older build"
	}
	return on(Hub).finding(Degraded, "version", fmt.Sprintf("the hub is %s, this program is %s", hub, ours), "restart the hub")
}

// httpFindings tell whether the hub's HTTP answers or, without a hub, whether its address is free.
func httpFindings(ctx context.Context, address string, status *api.Status) []Finding {
	const subject = "http"
	a := on(Hub)
	switch {
	case status != nil && status.Hub.HTTP == "", status == nil && address == "":
		return []Finding{a.finding(Note, subject, "off: /mcp and the API are reached over the control socket only", "")}
	case status != nil:
		if err := healthy(ctx, status.Hub.HTTP); err != nil {
			return []Finding{a.finding(Broken, subject, status.Hub.HTTP+" does not answer: "+line(err), "restart the hub")}
		}
		return []Finding{a.ok(subject, "%s answers", status.Hub.HTTP)}
	}
	if err := wsconn.CheckListenAddress(address, false); err != nil {
		return []Finding{a.finding(Broken, subject, line(err), "choose an address of this machine with --http")}
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return []Finding{a.finding(Degraded, subject, line(err)+": a hub could not listen there", "end who has the port, or choose another address with --http")}
	}
	l.Close()
	return []Finding{a.ok(subject, "%s is free", address)}
}

func healthy(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, hubTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<10))
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// sessionFindings tell how the hub's instances are doing.
func sessionFindings(status *api.Status) []Finding {
	if status == nil {
		return nil
	}
	var findings []Finding
	for _, i := range status.Instances {
		findings = append(findings, sessionFinding(i))
	}
	return findings
}

func sessionFinding(i api.Instance) Finding {
	a, subject := on(Sessions), i.ID
	state := i.Actual()
	what := string(state)
	if i.LastError != "" && state != api.Active {
		what += ": " + i.LastError
	}
	switch state {
	case api.Active:
		if i.Unsteady {
			return a.finding(Note, subject, fmt.Sprintf("%s, but lost %d times in two minutes", what, i.RecentLosses), "see brum-hub history "+i.ID)
		}
		return a.ok(subject, "%s, %d resumes, round trip %.2f ms", what, i.Resumes, i.RTTMillis)
	case api.Stopped:
		return a.finding(Note, subject, what+" by you", "brum-hub connect "+i.ID)
	case api.Retrying:
		return a.finding(Degraded, subject, what, "see whether the instance runs, and brum-hub history "+i.ID)
	case api.Stalled:
		return a.finding(Degraded, subject, what+": it can be reached, but takes nothing in or answers nothing", "restart the instance if it stays so")
	default:
		return a.finding(Note, subject, what, "")
	}
}
