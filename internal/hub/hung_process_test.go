package hub

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/health"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

// With this variable set, this program is an instance that hangs and goes on as its standard
// input says, line by line, and ends with it.
const hangVariable = "BRUM_TEST_HANG"

// beHung prints where it can be reached, and is an instance.
func beHung() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: testKey}})
	if err != nil {
		return err
	}
	go wsconn.NewServer(brum.Handler(acceptor, nil), nil).Serve(ln)

	busy := make(chan struct{}, 1) // full: somebody holds what every handler needs
	server := mcp.NewServer(&mcp.Implementation{Name: "instance", Version: "1"}, nil)
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			busy <- struct{}{}
			<-busy
			return next(ctx, method, req)
		}
	})
	server.AddTool(&mcp.Tool{Name: "echo", InputSchema: anything}, func(_ context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return textResult(string(r.Params.Arguments)), nil
	})
	go func() {
		for {
			s, err := acceptor.Accept(context.Background())
			if err != nil {
				return
			}
			go server.Connect(context.Background(), mcpsession.New(s), nil)
		}
	}()

	fmt.Printf("ws://%s\n", ln.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "hang":
			busy <- struct{}{}
		case "go on":
			<-busy
		}
		fmt.Println("done")
	}
	return nil
}

// A process whose handlers are blocked is stalled until they are not.
func TestJ4_HungProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), hangVariable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	said := bufio.NewReader(out)
	line := func() string {
		t.Helper()
		text, err := said.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(text)
	}
	tell := func(what string) {
		t.Helper()
		if _, err := io.WriteString(in, what+"\n"); err != nil || line() != "done" {
			t.Fatalf("%s: %v", what, err)
		}
	}

	h := startHub(t, func(c *Config) {
		c.Window = 0
		c.Checks = health.Config{Interval: 300 * time.Millisecond}
		c.Dial = func(f Found) (*session.Session, error) {
			return brum.Dial(f.SessionURL, &session.Config{Key: f.Key}, nil)
		}
	})
	h.source.sees(Found{ID: "a-1", Name: "web", Directory: "/web", Key: testKey, Life: "1", Fresh: "1", SessionURL: line()})
	h.reaches(t, "a-1", api.Active)
	before := h.one(t, "a-1")
	tell("hang")
	h.reaches(t, "a-1", api.Stalled)
	if i := h.one(t, "a-1"); i.LastHeardAt == nil || i.Health == nil || i.Health.Checks != api.ChecksRunning {
		t.Errorf("stalled: %+v, %+v", i, i.Health)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := h.Call(context.Background(), api.CallRequest{Instance: "a-1", Tool: "echo"}, nil)
		answered <- err
	}()
	tell("go on")
	if err := await(t, "answer of a call that waited", answered); err != nil {
		t.Error(err)
	}
	h.reaches(t, "a-1", api.Active)
	if i := h.one(t, "a-1"); i.SessionID != before.SessionID {
		t.Errorf("another session: %+v, before %+v", i, before)
	}
}
