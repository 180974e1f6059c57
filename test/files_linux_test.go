//go:build integration

package test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// fewFiles is a program that may open 40 files.
func (w *world) fewFiles(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{"-c", `ulimit -n 40; exec "$0" "$@"`, program(name)}, args...)...)
	cmd.Env, cmd.Dir = w.env, w.dir
	return cmd
}

// crowd keeps connections to an address open that say nothing, more than a program can have.
type crowd struct {
	network, address string
	conns            []net.Conn
	leave, left      chan struct{}
}

func gather(network, address string) *crowd {
	c := &crowd{network, address, nil, make(chan struct{}), make(chan struct{})}
	go c.press()
	return c
}

// press comes again as soon as somebody is turned out.
func (c *crowd) press() {
	defer close(c.left)
	for i := 0; ; i++ {
		conn, err := net.DialTimeout(c.network, c.address, time.Second)
		if err == nil {
			c.conns = append(c.conns, conn)
		}
		if len(c.conns) > 150 {
			c.conns[0].Close()
			c.conns = c.conns[1:]
		}
		select {
		case <-c.leave:
			for _, conn := range c.conns {
				conn.Close()
			}
			return
		case <-time.After(time.Duration(min(i, 20)) * time.Millisecond):
		}
	}
}

func (c *crowd) disperse() {
	close(c.leave)
	<-c.left
}

const (
	exhausted = "no connections are accepted"
	over      = "connections are accepted again"
)

// openFiles is how many files a process has open.
func openFiles(t *testing.T, pid int) int {
	t.Helper()
	names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// A crowd takes all the files that instance and hub may open. Sessions that are there go on;
// when it is gone, both serve again whoever comes and see what was announced meanwhile, calls are
// recorded, and no file stays open.
func TestK3_NoFilesLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	instance, hub := w.fewFiles("brum-instance", "--name", "web", "--port", "0", "--quiet", "--", "sleep", "600"),
		w.fewFiles("brum-hub", "serve", "--http", "127.0.0.1:0", "--log-level", "debug")
	var instanceLog, hubLog text
	for cmd, log := range map[*exec.Cmd]*text{instance: &instanceLog, hub: &hubLog} {
		cmd.Stdout, cmd.Stderr = log, log
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%v:\n%s", cmd.Args, log)
			}
		})
		w.startAsIs(cmd)
	}
	w.await("the instance", func() bool { return w.allActive(1) })
	before, err := w.status()
	if err != nil {
		t.Fatal(err)
	}
	sessionBefore := before.Instances[0].SessionID
	files := map[string]int{"instance": openFiles(t, instance.Process.Pid), "hub": openFiles(t, hub.Process.Pid)}

	listening := instanceLog.find(w, `"msg":"listening","address":"([^"]+)"`)
	crowds := []*crowd{
		gather("tcp", listening),
		gather("tcp", strings.TrimPrefix(before.Hub.HTTP, "http://")),
	}
	instanceLog.find(w, "("+exhausted+")")
	hubLog.find(w, "("+exhausted+")")
	// Something new is announced meanwhile.
	w.start(w.command("brum-instance", "--name", "late", "--port", "0"))
	w.await("the file of the late one", func() bool {
		found, _ := filepath.Glob(filepath.Join(w.dir, "run", "brummer", "instances", "late-*.json"))
		return len(found) == 1
	})
	time.Sleep(3 * time.Second)
	for _, c := range crowds {
		c.disperse()
	}

	w.await("both instances", func() bool { return w.allActive(2) })
	after, err := w.status()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range after.Instances {
		if i.Name == "web" && i.SessionID != sessionBefore {
			t.Errorf("the session was lost: %s, now %s", sessionBefore, i.SessionID)
		}
	}
	for _, name := range []string{"web", "late"} {
		if out, err := w.command("brum-hub", "call", name, "scripts_run", `{"name":"none"}`).CombinedOutput(); exitCode(err) != 5 {
			t.Errorf("a call to %s: %v, %s", name, err, out)
		}
	}
	if out, err := w.command("brum-hub", "calls").CombinedOutput(); err != nil || strings.Contains(string(out), "NOT RECORDED") || !strings.Contains(string(out), "failed") {
		t.Errorf("the ledger: %v, %s", err, out)
	}
	if get(t, before.Hub.HTTP+"/healthz") != "ok\n" {
		t.Error("the hub's HTTP does not answer")
	}
	w.await("files to be closed", func() bool {
		return openFiles(t, instance.Process.Pid) <= files["instance"]+2 && openFiles(t, hub.Process.Pid) <= files["hub"]+6 // for the late one, and status
	})
	for name, log := range map[string]*text{"instance": &instanceLog, "hub": &hubLog} {
		w.await("the "+name+" to say as often that it is over", func() bool {
			// That all is well again shows with the next connection to each address, and with no request
			// on one that is there.
			for _, address := range []string{listening, strings.TrimPrefix(before.Hub.HTTP, "http://")} {
				if conn, err := net.Dial("tcp", address); err != nil {
					t.Error(err)
				} else {
					conn.Close()
				}
			}
			if _, err := w.status(); err != nil {
				t.Error(err)
			}
			return strings.Count(log.String(), exhausted) == strings.Count(log.String(), over)
		})
		said := strings.Count(log.String(), exhausted)
		if tries := regexp.MustCompile("(?i)accept.*retrying").FindAllString(log.String(), -1); said > 20 || len(tries) > 0 {
			t.Errorf("the %s said %d times that there are no files, and of tries %q", name, said, tries)
		}
		t.Logf("the %s: %d times no files", name, said)
	}
}
