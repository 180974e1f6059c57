package mcpsession_test

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
)

// counted is a connection whose packets are counted.
type counted struct {
	session.Conn
	sent, received *atomic.Int64
}

func (c counted) Next() (io.Reader, error) {
	r, err := c.Conn.Next()
	if err == nil {
		c.received.Add(1)
	}
	return r, err
}

func (c counted) WritePacket(head, body []byte) error {
	c.sent.Add(1)
	return c.Conn.WritePacket(head, body)
}

// A call is a packet, and its answer is one: acknowledgements and credit travel with them. Only
// credit that is used up has a packet of its own, once in more than a hundred calls.
func TestACallIsOnePacketEachWay(t *testing.T) {
	for name, pause := range map[string]time.Duration{
		"one after the other": 0,
		// less than an acknowledgement may be late: the next call carries it
		"now and then": 20 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { callsAndPackets(t, pause) })
		})
	}
}

func callsAndPackets(t *testing.T, pause time.Duration) {
	network := sessiontest.NewNetwork()
	defer network.Close()
	cfg := session.Config{Key: []byte("0123456789abcdef0123456789abcdef")}
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	network.Serve(acceptor)
	var sent, received atomic.Int64
	dialing, err := session.Dial(func(ctx context.Context, request []byte) (session.Conn, []byte, error) {
		c, reply, err := network.Dial(ctx, request)
		if c == nil {
			return nil, reply, err
		}
		return counted{c, &sent, &received}, reply, err
	}, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer dialing.CloseNow()
	accepted, err := acceptor.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.CloseNow()
	server := mcp.NewServer(&mcp.Implementation{Name: "echoes"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "echo"}, func(_ context.Context, _ *mcp.CallToolRequest, a struct{ Text string }) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: a.Text}}}, nil, nil
	})
	ss, err := server.Connect(t.Context(), mcpsession.New(accepted), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ss.Close()
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "asks"}, nil).Connect(t.Context(), mcpsession.New(dialing), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	synctest.Wait()
	time.Sleep(time.Second) // all that the beginning has left to say
	synctest.Wait()

	const calls = 500
	sent.Store(0)
	received.Store(0)
	for range calls {
		r, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"Text": "hello"}})
		if err != nil || r.IsError {
			t.Fatalf("%+v, %v", r, err)
		}
		time.Sleep(pause)
	}
	t.Logf("%d packets for %d calls, %d for the answers", sent.Load(), calls, received.Load())
	for what, n := range map[string]int64{"calls": sent.Load(), "answers": received.Load()} {
		if n < calls || n > calls+calls/100 {
			t.Errorf("%d packets for %d %s", n, calls, what)
		}
	}
}
