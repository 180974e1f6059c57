package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge"
	client "github.com/centrifugal/centrifuge-go"
	"github.com/prometheus/client_golang/prometheus"
)

// centrifugePeer is a centrifuge server and its client centrifuge-go over Protobuf, with
// asynchronous messages: the fastest it has, outside of channels.
type centrifugePeer struct{}

func (centrifugePeer) name() string { return "centrifuge" }
func (centrifugePeer) about() string {
	return "centrifuge and centrifuge-go, Protobuf, asynchronous messages; where connections break: a channel with history and recovery down, publishing with retry up"
}
func (centrifugePeer) gives() string {
	return "down: order, and recovery from a bounded history; up: at least once if the application retries; bare messages are lost with the connection"
}
func (centrifugePeer) maxMessage() int { return 0 }

const centrifugeLimit = 128 << 20

// startCentrifuge serves node's WebSocket endpoint until ctx is done.
func startCentrifuge(ctx context.Context, l net.Listener, prepare func(*centrifuge.Node)) error {
	registry := prometheus.NewRegistry()
	node, err := centrifuge.New(centrifuge.Config{
		ClientQueueMaxSize: centrifugeLimit,
		Metrics:            centrifuge.MetricsConfig{RegistererGatherer: registry},
	})
	if err != nil {
		return err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
	})
	prepare(node)
	if err := node.Run(); err != nil {
		return err
	}
	h := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		MessageSizeLimit: centrifugeLimit, UseWriteBufferPool: true, WriteTimeout: time.Minute,
		CheckOrigin: func(*http.Request) bool { return true },
	})
	err = serveHTTP(ctx, l, &http.Server{Handler: h})
	over, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, node.Shutdown(over))
}

func (centrifugePeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	return startCentrifuge(ctx, l, func(node *centrifuge.Node) {
		node.OnConnect(func(c *centrifuge.Client) {
			take := accept(centrifugeSender{c})
			c.OnMessage(func(e centrifuge.MessageEvent) {
				if take(e.Data) != nil {
					c.Disconnect()
				}
			})
		})
	})
}

type centrifugeSender struct{ c *centrifuge.Client }

func (s centrifugeSender) send(msg []byte) error { return s.c.Send(msg) }

func (s centrifugeSender) close() error {
	s.c.Disconnect()
	return nil
}

func (centrifugePeer) dial(addr string) (conn, error) {
	c := &centrifugeConn{inlet: newInlet()}
	c.client = newCentrifugeClient(addr)
	c.client.OnMessage(func(e client.MessageEvent) { c.arrived(e.Data) })
	c.client.OnDisconnected(func(client.DisconnectedEvent) { c.end() })
	return c, connectCentrifuge(c.client)
}

func newCentrifugeClient(addr string) *client.Client {
	return client.NewProtobufClient("ws://"+addr, client.Config{WriteTimeout: time.Minute})
}

// connectCentrifuge connects, which goes on beyond the first try, and waits for it.
func connectCentrifuge(c *client.Client) error {
	connected := make(chan struct{})
	var once atomic.Bool
	c.OnConnected(func(client.ConnectedEvent) {
		if once.CompareAndSwap(false, true) {
			close(connected)
		}
	})
	if err := c.Connect(); err != nil {
		return err
	}
	select {
	case <-connected:
		return nil
	case <-time.After(10 * time.Second):
		c.Close()
		return errors.New("centrifuge: no connection within 10 s")
	}
}

type centrifugeConn struct {
	*inlet
	client *client.Client
}

func (c *centrifugeConn) send(msg []byte) error { return c.client.Send(context.Background(), msg) }

func (c *centrifugeConn) close() error {
	c.end()
	c.client.Close()
	return nil
}
