package main

import (
	"context"
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

// gwsPeer is bare github.com/lxzan/gws, used with callbacks as it is made for.
type gwsPeer struct{}

func (gwsPeer) name() string    { return "gws" }
func (gwsPeer) about() string   { return "bare lxzan/gws, its callbacks do the work" }
func (gwsPeer) gives() string   { return "order; what is in flight when the connection breaks is lost" }
func (gwsPeer) maxMessage() int { return 0 }

const gwsLimit = 128 << 20

func (gwsPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	up := gws.NewUpgrader(gwsServer{accept: accept}, &gws.ServerOption{ReadMaxPayloadSize: gwsLimit, WriteMaxPayloadSize: gwsLimit})
	return serveHTTP(ctx, l, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := up.Upgrade(w, r); err == nil {
			go c.ReadLoop()
		}
	})})
}

type gwsServer struct {
	gws.BuiltinEventHandler
	accept func(sender) receiver
}

const gwsTake = "take"

func (h gwsServer) OnOpen(c *gws.Conn) { c.Session().Store(gwsTake, h.accept(gwsSender{c})) }

func (h gwsServer) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	take, _ := c.Session().Load(gwsTake)
	if take.(receiver)(m.Bytes()) != nil {
		c.NetConn().Close()
	}
}

type gwsSender struct{ c *gws.Conn }

func (s gwsSender) send(msg []byte) error { return s.c.WriteMessage(gws.OpcodeBinary, msg) }
func (s gwsSender) close() error          { return s.c.NetConn().Close() }

func (gwsPeer) dial(addr string) (conn, error) {
	in := newInlet()
	c, _, err := gws.NewClient(gwsClient{in: in}, &gws.ClientOption{
		Addr: "ws://" + addr, ReadMaxPayloadSize: gwsLimit, WriteMaxPayloadSize: gwsLimit,
	})
	if err != nil {
		return nil, err
	}
	go c.ReadLoop()
	return gwsConn{gwsSender{c}, in}, nil
}

type gwsClient struct {
	gws.BuiltinEventHandler
	in *inlet
}

func (h gwsClient) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	if !h.in.arrived(m.Bytes()) {
		c.NetConn().Close()
	}
}

func (h gwsClient) OnClose(*gws.Conn, error) { h.in.end() }

type gwsConn struct {
	gwsSender
	*inlet
}

func (c gwsConn) close() error {
	c.end()
	return c.gwsSender.close()
}
