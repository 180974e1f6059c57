package wsconn

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// localhost is this machine, by IPv4 or by IPv6: which of the two works, and what the
// system's table of names says, differs between machines.
const localhost = "localhost"

// loopbacks are the addresses that localhost stands for.
var loopbacks = [...]string{"127.0.0.1", "::1"}

// Listen listens on addr (host:port). For localhost that is on the loopback addresses of
// both IPv4 and IPv6, with the same port, or of the one that the machine has: then there are
// two listeners or one. An error is that of the address which decided it; port 0 is any port.
//
// It does not check whether addr is exposed; see [CheckListenAddress].
func Listen(ctx context.Context, addr string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen address %q: %w", addr, err)
	}
	if strings.EqualFold(host, localhost) {
		return listenLocalhost(ctx, port)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return []net.Listener{l}, nil
}

func listenLocalhost(ctx context.Context, port string) ([]net.Listener, error) {
	const attempts = 20
	for attempt := 1; ; attempt++ {
		listeners, err := listenBoth(ctx, port)
		// A port that is free for one family can be taken for the other.
		if port == "0" && errors.Of(err) == errors.InUse && attempt < attempts {
			continue
		}
		return listeners, err
	}
}

func listenBoth(ctx context.Context, port string) ([]net.Listener, error) {
	var (
		listeners []net.Listener
		absent    error
	)
	for _, ip := range loopbacks {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(ip, port))
		switch {
		case err == nil:
			listeners = append(listeners, l)
			port = strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		case noSuchFamily(err):
			absent = err
		default:
			for _, l := range listeners {
				_ = l.Close()
			}
			return nil, err
		}
	}
	if len(listeners) == 0 {
		return nil, absent
	}
	return listeners, nil
}

// noSuchFamily reports whether the machine lacks the address, or all of its kind.
func noSuchFamily(err error) bool {
	kind := errors.Of(err)
	return kind == errors.Unreachable || kind == errors.Unsupported
}

// DialTCP is the default of DialOptions.DialContext: a net.Dialer that takes localhost for the
// loopback addresses of both families, without looking it up.
func DialTCP(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := new(net.Dialer).DialContext
	host, port, err := net.SplitHostPort(addr)
	if err != nil || !strings.EqualFold(host, localhost) {
		return dial(ctx, network, addr)
	}
	return dialLocalhost(ctx, port, dial)
}

// dialLocalhost tries the next address when the one before has failed or is silent.
func dialLocalhost(ctx context.Context, port string,
	dial func(ctx context.Context, network, addr string) (net.Conn, error)) (net.Conn, error) {
	const silence = 100 * time.Millisecond
	type outcome struct {
		conn net.Conn
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	outcomes := make(chan outcome)
	begun, ended := 0, 0
	defer func() {
		cancel()
		for ; ended < begun; ended++ { // canceled, so soon
			if late := <-outcomes; late.conn != nil {
				_ = late.conn.Close()
			}
		}
	}()
	begin := func() {
		addr := net.JoinHostPort(loopbacks[begun], port)
		begun++
		go func() {
			conn, err := dial(ctx, "tcp", addr)
			outcomes <- outcome{conn, err}
		}()
	}
	begin()
	next := time.NewTimer(silence)
	defer next.Stop()
	var failures []error // at the end one for each address
	for {
		select {
		case <-next.C:
			if begun < len(loopbacks) {
				begin()
			}
		case o := <-outcomes:
			ended++
			switch {
			case o.err == nil:
				return o.conn, nil
			case noSuchFamily(o.err):
				failures = append(failures, o.err) // the other says more
			default:
				failures = append([]error{o.err}, failures...)
			}
			if begun < len(loopbacks) {
				begin()
			} else if ended == begun {
				return nil, fmt.Errorf("%w; %w", failures[0], failures[1])
			}
		}
	}
}
