package mcpsession_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
)

type waitArgs struct {
	N       int `json:"n"`
	Seconds int `json:"seconds"`
}

// D2: of a hundred calls at the same time one takes a minute. The others don't wait for it, and
// each gets its own answer, also when the connection is cut meanwhile.
func TestD2_OneOfAHundredCallsTakesAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := sessiontest.NewNetwork()
		defer network.Close()
		cfg := session.Config{Key: []byte("0123456789abcdef0123456789abcdef"), Budget: session.NewBudget(64 << 20)}
		acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: cfg})
		if err != nil {
			t.Fatal(err)
		}
		network.Serve(acceptor)
		dialing, err := session.Dial(network.Dial, &cfg)
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := acceptor.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		server := mcp.NewServer(&mcp.Implementation{Name: "waits"}, nil)
		mcp.AddTool(server, &mcp.Tool{Name: "wait"}, func(ctx context.Context, _ *mcp.CallToolRequest, a waitArgs) (*mcp.CallToolResult, any, error) {
			time.Sleep(time.Duration(a.Seconds) * time.Second)
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprint(a.N)}}}, nil, nil
		})
		ss, err := server.Connect(t.Context(), mcpsession.New(accepted), nil)
		if err != nil {
			t.Fatal(err)
		}
		cs, err := mcp.NewClient(&mcp.Implementation{Name: "calls"}, nil).Connect(t.Context(), mcpsession.New(dialing), nil)
		if err != nil {
			t.Fatal(err)
		}

		const calls, long = 100, 17
		began := time.Now()
		var all sync.WaitGroup
		for n := range calls {
			all.Go(func() {
				a := waitArgs{N: n}
				if n == long {
					a.Seconds = 60
				}
				res, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: "wait", Arguments: a})
				if err != nil || res.IsError {
					t.Errorf("call %d: %+v, %v", n, res, err)
					return
				}
				if got := res.Content[0].(*mcp.TextContent).Text; got != fmt.Sprint(n) {
					t.Errorf("call %d got the answer of %s", n, got)
				}
				took := time.Since(began)
				if (n == long) != (took >= time.Minute) || took > 61*time.Second {
					t.Errorf("call %d took %v", n, took)
				}
			})
		}
		time.Sleep(20 * time.Second)
		network.Last().Cut() // while the long one runs
		all.Wait()
		if s := dialing.Stats(); s.Resumes != 1 {
			t.Errorf("%d resumes", s.Resumes)
		}
		cs.Close()
		ss.Close()
		dialing.CloseNow()
		accepted.CloseNow()
	})
}
