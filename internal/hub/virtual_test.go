package hub

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
)

// virtual is a hub and one instance in virtual time, with a network between them.
type virtual struct {
	*testing.T
	*testHub
	network *sessiontest.Network
	dialled *session.Session
	gate    *gate
	noPing  atomic.Bool // the instance knows no ping
	pings   atomic.Int64
}

const virtualID = "a-1"

// inVirtualTime runs f when the hub has connected.
func inVirtualTime(t *testing.T, f func(*virtual)) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{T: t, network: sessiontest.NewNetwork(), gate: newGate()}
		cfg := session.Config{Key: testKey}
		acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: cfg})
		if err != nil {
			t.Fatal(err)
		}
		life, end := context.WithCancel(context.Background())
		var tasks sync.WaitGroup
		tasks.Go(func() { v.network.Serve(acceptor) })
		tasks.Go(func() { v.serve(life, acceptor) })
		t.Cleanup(func() {
			v.gate.set(passing)
			end()
			acceptor.Close(life)
			v.network.Close()
			tasks.Wait()
		})
		v.testHub = startHub(t, func(c *Config) {
			c.Window = 0
			c.Dial = func(Found) (*session.Session, error) {
				v.dialled, err = session.Dial(v.network.Dial, &cfg)
				return v.dialled, err
			}
		})
		v.source.sees(Found{ID: virtualID, Name: "web", Directory: "/web", Key: testKey, Life: "1", SessionURL: "memory"})
		time.Sleep(time.Second)
		if i := v.see(); i.State != api.Active || i.RawState != api.Active {
			t.Fatalf("%+v", i)
		}
		f(v)
	})
}

// serve is the instance's work: an MCP server behind the gate.
func (v *virtual) serve(ctx context.Context, acceptor *session.Acceptor) {
	server := mcp.NewServer(&mcp.Implementation{Name: "instance", Version: "1"}, nil)
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if method == "ping" {
				v.pings.Add(1)
				if v.noPing.Load() {
					return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: "no such method"}
				}
			}
			return next(ctx, method, req)
		}
	})
	server.AddTool(&mcp.Tool{Name: "wait", InputSchema: anything}, func(ctx context.Context, _ *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	var sessions sync.WaitGroup
	defer sessions.Wait()
	for {
		s, err := acceptor.Accept(ctx)
		if err != nil {
			return
		}
		v.gate.Transport = mcpsession.New(s)
		sessions.Go(func() {
			if c, err := server.Connect(ctx, v.gate, nil); err == nil {
				c.Wait()
			}
			s.CloseNow()
		})
	}
}

// see is the instance's status, when all that is to happen now has.
func (v *virtual) see() api.Instance {
	v.Helper()
	synctest.Wait()
	return v.one(v.T, virtualID)
}

// shows waits until the instance is shown in a state, and returns how long that took.
func (v *virtual) shows(want api.State, within time.Duration) time.Duration {
	v.Helper()
	began := time.Now()
	for i := v.see(); i.State != want; i = v.see() {
		if time.Since(began) > within {
			v.Fatalf("not %s after %v: %+v", want, within, i)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(began)
}

// gate stands before a hung program.
type gate struct {
	mcp.Transport

	mu      sync.Mutex
	mode    hang
	changed chan struct{} // closed and replaced when mode changes
}

// hang is how a program hangs.
type hang int

const (
	passing hang = iota
	deaf         // it takes nothing in
	mute         // it takes everything in and does nothing with it
)

func newGate() *gate { return &gate{changed: make(chan struct{})} }

func (g *gate) set(m hang) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mode = m
	close(g.changed)
	g.changed = make(chan struct{})
}

func (g *gate) now() (hang, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mode, g.changed
}

func (g *gate) Connect(ctx context.Context) (mcp.Connection, error) {
	c, err := g.Transport.Connect(ctx)
	return &gatedConn{Connection: c, gate: g}, err
}

type gatedConn struct {
	mcp.Connection
	gate *gate
	kept []jsonrpc.Message // what a mute program has taken in
}

// Read returns what has come, when the gate is open.
func (c *gatedConn) Read(ctx context.Context) (jsonrpc.Message, error) {
	for {
		mode, changed := c.gate.now()
		switch {
		case mode == deaf:
			select {
			case <-changed:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			continue
		case mode == passing && len(c.kept) > 0:
			msg := c.kept[0]
			c.kept = c.kept[1:]
			return msg, nil
		}
		reading, stop := context.WithCancel(ctx)
		over := make(chan struct{})
		go func() {
			defer close(over)
			select {
			case <-changed:
				stop()
			case <-reading.Done():
			}
		}()
		msg, err := c.Connection.Read(reading)
		stop()
		<-over
		switch now, _ := c.gate.now(); {
		case err != nil && ctx.Err() == nil && now != mode: // woken
		case err != nil:
			return nil, err
		case now == passing && len(c.kept) == 0:
			return msg, nil
		default:
			c.kept = append(c.kept, msg)
		}
	}
}
