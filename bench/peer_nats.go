package main

import (
	"context"
	"errors"
	"net"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// natsPeer is NATS core. The server's process has the NATS server and, joined to it in
// process, the application, so that a message crosses between processes once, as with others.
type natsPeer struct{}

func (natsPeer) name() string { return "nats" }
func (natsPeer) about() string {
	return "NATS core, server embedded in the receiving process, limits raised so that nobody is a slow consumer"
}
func (natsPeer) gives() string {
	return "order; the client reconnects by itself; what is in flight or published to nobody is lost"
}
func (natsPeer) maxMessage() int { return 1 << 20 }

const natsLimit = 4 << 30

func (natsPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	srv, err := startNATS(l, &natsd.Options{})
	if err != nil {
		return err
	}
	defer srv.WaitForShutdown()
	defer srv.Shutdown()
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		return err
	}
	defer nc.Close()
	_, err = nc.Subscribe("open", func(m *nats.Msg) {
		id := string(m.Data)
		take := accept(natsSender{nc, "down." + id})
		sub, err := nc.Subscribe("up."+id, func(m *nats.Msg) { take(m.Data) })
		if err == nil {
			err = errors.Join(sub.SetPendingLimits(-1, -1), nc.Flush())
		}
		if err == nil {
			m.Respond(nil)
		}
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// startNATS starts a server in place of l.
func startNATS(l net.Listener, o *natsd.Options) (*natsd.Server, error) {
	addr := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil {
		return nil, err
	}
	o.Host, o.Port, o.NoSigs, o.NoLog = addr.IP.String(), addr.Port, true, true
	o.MaxPayload, o.MaxPending, o.WriteDeadline = 8<<20, natsLimit, time.Minute
	srv, err := natsd.NewServer(o)
	if err != nil {
		return nil, err
	}
	srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		srv.Shutdown()
		return nil, errors.New("the NATS server does not start")
	}
	return srv, nil
}

type natsSender struct {
	nc      *nats.Conn
	subject string
}

func (s natsSender) send(msg []byte) error { return s.nc.Publish(s.subject, msg) }
func (s natsSender) close() error          { return nil }

// dial tries again for a while: the server takes a moment to take its listener's place, and
// the application to join it.
func (p natsPeer) dial(addr string) (c conn, err error) {
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if c, err = p.dialOnce(addr); err == nil || time.Now().After(until) {
			return c, err
		}
	}
}

func (natsPeer) dialOnce(addr string) (conn, error) {
	in := newInlet()
	nc, err := nats.Connect("nats://"+addr, nats.ClosedHandler(func(*nats.Conn) { in.end() }))
	if err != nil {
		return nil, err
	}
	id := nats.NewInbox()[len("_INBOX."):]
	sub, err := nc.Subscribe("down."+id, func(m *nats.Msg) { in.arrived(m.Data) })
	if err == nil {
		err = sub.SetPendingLimits(-1, -1)
	}
	if err == nil {
		_, err = nc.Request("open", []byte(id), 5*time.Second)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	return natsConn{natsSender{nc, "up." + id}, in}, nil
}

type natsConn struct {
	natsSender
	*inlet
}

func (c natsConn) close() error {
	c.end()
	c.nc.Close()
	return nil
}
