package instance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/logstore"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

func TestInstanceOverASession(t *testing.T) {
	r := start(t, Config{Name: "my project", Command: []string{os.Args[0], "count", "100"}})
	if r.Name != "my project" || r.Port == 0 || r.SessionURL != fmt.Sprintf("ws://127.0.0.1:%d/session", r.Port) ||
		len(r.Token) != 64 || r.Protocol.Max != 1 || r.StartedAt.IsZero() {
		t.Fatalf("%+v", r.Instance)
	}
	name := r.in.tools.Project.CommandName()
	a, b := r.hub(r.SessionURL), r.hub(r.SessionURL) // two hubs at once
	if lines := a.follow(name+"-1", "that was all"); len(lines) != 101 {
		t.Fatalf("%d lines", len(lines))
	}
	var st ProcessInfo
	b.call("scripts_stop", args{"processId": name}, &st)
	a.call("scripts_run", args{"name": name}, &st)
	if st.ProcessID != name+"-2" {
		t.Fatalf("%+v", st)
	}
	if lines := b.follow(name, "that was all"); lines[0].ProcessID != name+"-2" {
		t.Fatalf("%+v", lines[0])
	}
}

// TestF1_CancelReachesTheInstance: through a real session.
func TestF1_CancelReachesTheInstance(t *testing.T) {
	r := start(t, Config{})
	began, ended := watchCalls(r.in.server)
	r.hub(r.SessionURL).cancelFollow(began, ended)
}

func TestN2_SessionNeedsTheToken(t *testing.T) {
	r := start(t, Config{})
	for _, key := range []string{strings.Repeat("x", 64), strings.ToUpper(string(r.Token)) + "A"} {
		sess := r.dial(r.SessionURL, []byte(key))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := sess.WaitActive(ctx); !errors.Is(err, session.ErrUnauthorized) {
			t.Fatalf("%v", err)
		}
	}
	for _, header := range [][]string{asClient, append([]string{"Authorization", "Bearer " + testToken}, asClient...)} {
		if status, _ := request(t, "POST", r.base()+"/mcp", listTools, header...); status != http.StatusUnauthorized {
			t.Fatalf("%d", status)
		}
		if status, _ := request(t, "GET", r.base()+sessionPath, "", header...); status == http.StatusOK {
			t.Fatalf("%d", status)
		}
	}
	status, answer := request(t, "POST", r.base()+"/mcp", listTools, append([]string{"Authorization", "Bearer " + string(r.Token)}, asClient...)...)
	if status != http.StatusOK || !strings.Contains(answer, "logs_stream") {
		t.Fatalf("%d %s", status, answer)
	}
}

// TestN3_TokenStaysSecret looks for the token in all that leaves the instance.
func TestN3_TokenStaysSecret(t *testing.T) {
	r := start(t, Config{Command: []string{os.Args[0], "environ"}})
	wire := &lockedBuffer{}
	c := r.hub("ws://" + tap(t, fmt.Sprintf("127.0.0.1:%d", r.Port), wire) + "/session")
	id := r.in.tools.Project.CommandName() + "-1"
	lines := c.follow(id, "that was all")
	var status ScriptsStatusOutput
	c.call("scripts_status", args{}, &status)
	c.fails("scripts_run", args{"name": "nope"}, "no such script")
	_, refused := request(t, "POST", r.base()+"/mcp", listTools, append([]string{"Authorization", "Bearer " + string(r.Token[:63])}, asClient...)...)
	_, health := request(t, "GET", r.base()+"/health", "")
	log := r.log.String()
	if !strings.Contains(log, "listening") || !strings.Contains(wire.String(), "HTTP/1.1 101") || len(lines) < 2 {
		t.Fatal("nothing was recorded: the test shows nothing")
	}
	for what, text := range map[string]string{
		"log": log, "wire": wire.String(), "child's environment": fmt.Sprint(lines), "status": fmt.Sprint(status),
		"refusal": refused, "health": health, "formatted": fmt.Sprintf("%v %+v %#v", r.Instance, r.Instance, r.Instance),
	} {
		if strings.Contains(text, string(r.Token)) || strings.Contains(text, string(r.Token[:16])) {
			t.Errorf("the token is in the %s", what)
		}
	}
}

func TestF2_ShutdownInAnyState(t *testing.T) {
	const grace = 400 * time.Millisecond
	stubborn := []string{os.Args[0], "stubborn", "with a child"}
	for name, c := range map[string]struct {
		command []string
		prepare func(*running)
		bound   time.Duration
	}{
		"idle":    {nil, func(*running) {}, time.Second},
		"session": {nil, func(r *running) { r.hub(r.SessionURL) }, time.Second},
		"call": {nil, func(r *running) {
			c := r.hub(r.SessionURL)
			go c.raw(context.Background(), "logs_stream", args{"follow": true})
			var list ScriptsListOutput
			c.call("scripts_list", args{}, &list) // it is behind the other
		}, time.Second},
		"mid-connect": {nil, func(r *running) {
			for _, text := range []string{"", "GET /session HTTP/1.1\r\n", "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
				string(r.Token) + "\r\nContent-Length: 10\r\n\r\n"} {
				conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", r.Port))
				if err != nil {
					r.t.Fatal(err)
				}
				io.WriteString(conn, text)
				go func() {
					io.Copy(io.Discard, conn) // until the instance closes it
					conn.Close()
				}()
			}
		}, time.Second},
		"stubborn child": {stubborn, func(r *running) {
			r.hub(r.SessionURL).follow("", "pid")
		}, time.Second + grace},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && c.command != nil {
				t.Skip("nothing is stubborn there")
			}
			files := openFiles()
			r := start(t, Config{Command: c.command, StopGrace: grace})
			c.prepare(r)
			if took := r.end(); took > c.bound+time.Second { // a second more: this machine may be busy
				t.Errorf("took %v", took)
			}
			if entries, err := filepath.Glob(filepath.Join(r.dir, "*.json")); err != nil || len(entries) != 0 {
				t.Errorf("left in discovery: %v, %v", entries, err)
			}
			if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", r.Port)); err == nil {
				conn.Close()
				t.Error("somebody still listens")
			}
			p, err := r.in.logs.Read(t.Context(), logstore.Query{Limit: logstore.MaxLimit})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range p.Lines {
				if pid, ok := strings.CutPrefix(l.Text, "pid "); ok && processAlive(pid) {
					t.Errorf("process %s is left", pid)
				}
			}
			// The clients of this test close theirs when they notice.
			for deadline := time.Now().Add(10 * time.Second); openFiles() > files; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d files are open, %d before", openFiles(), files)
				}
			}
		})
	}
}

func TestShutdownWhileStarting(t *testing.T) {
	r := begin(t, Config{})
	r.end()
	if entries, _ := filepath.Glob(filepath.Join(r.dir, "*.json")); len(entries) != 0 {
		t.Fatalf("left in discovery: %v", entries)
	}
}

func TestReregistersWhenItsFileVanishes(t *testing.T) {
	r := start(t, Config{})
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	before := r.Instance
	r.find()
	if r.ID != before.ID || r.Token != before.Token || r.Port != before.Port {
		t.Fatalf("%+v, before %+v", r.Instance, before)
	}
}

func TestA6_RunsOnWithoutDiscovery(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "instances")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := begin(t, Config{DiscoveryDir: dir, Command: []string{os.Args[0], "count", "1"}})
	p, err := r.in.logs.Read(t.Context(), logQuery)
	if err != nil || len(p.Lines) == 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(r.log.String(), "can't find this instance"); {
		if time.Now().After(deadline) {
			t.Fatalf("no complaint: %s", r.log)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	r.find()
	if n := strings.Count(r.log.String(), "can't find this instance"); n != 1 {
		t.Errorf("%d complaints", n)
	}
}

func TestWhatCannotRunEndsTheInstance(t *testing.T) {
	for _, cfg := range []Config{{Scripts: []string{"nope"}}, {Command: []string{"brum-no-such-command"}}} {
		r := begin(t, cfg)
		err := <-r.done
		close(r.done)
		if err == nil || !strings.Contains(err.Error(), "no") {
			t.Fatalf("%v", err)
		}
		if entries, _ := filepath.Glob(filepath.Join(r.dir, "*.json")); len(entries) != 0 {
			t.Fatalf("registered: %v", entries)
		}
	}
}

func TestFirstFreePort(t *testing.T) {
	a, err := listen(t.Context(), "127.0.0.1", 7777)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(a)
	b, err := listen(t.Context(), "127.0.0.1", 7777)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(b)
	pa, pb := a[0].Addr().(*net.TCPAddr).Port, b[0].Addr().(*net.TCPAddr).Port
	if pa < 7777 || pb <= pa || pb > LastPort {
		t.Fatalf("ports %d and %d", pa, pb)
	}
	any, err := listen(t.Context(), "localhost", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(any)
	port := any[0].Addr().(*net.TCPAddr).Port
	if port <= LastPort {
		t.Skipf("the system chose port %d", port)
	}
	if _, err := listen(t.Context(), "localhost", port); err == nil || !strings.Contains(err.Error(), fmt.Sprint(port)) {
		t.Fatalf("a port above the range is the only one: %v", err)
	}
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

func TestN4_OnlyLoopbackWithoutTLS(t *testing.T) {
	for _, host := range []string{"0.0.0.0", "", "192.0.2.1", "example.com", "::"} {
		_, err := listen(t.Context(), host, 0)
		var exposed *wsconn.ExposedError
		if !errors.As(err, &exposed) || !strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%q: %v", host, err)
		}
	}
}

func TestOutputIsEchoed(t *testing.T) {
	out := &lockedBuffer{}
	r := start(t, Config{Command: []string{os.Args[0], "count", "3"}, Output: out, StopGrace: time.Second})
	r.hub(r.SessionURL).follow("", "that was all")
	r.end()
	id := r.in.tools.Project.CommandName() + "-1 | "
	if text := out.String(); !strings.HasPrefix(text, id+"line 1\n"+id+"line 2\n") || !strings.Contains(text, "ended by signal: ") {
		t.Fatalf("%q", text)
	}
}
