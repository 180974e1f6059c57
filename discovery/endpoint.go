package discovery

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// awaitEndpoint returns once somebody accepts TCP connections where i says that
// it listens. It tries until ctx ends.
func awaitEndpoint(ctx context.Context, i Instance) error {
	const each, pause = time.Second, 25 * time.Millisecond
	addresses, err := endpoints(i)
	if err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: each}
	var last error
	for {
		for _, address := range addresses {
			conn, err := dialer.DialContext(ctx, "tcp", address)
			if err == nil {
				return conn.Close()
			}
			if last == nil || ctx.Err() == nil && errors.Of(err) != errors.Timeout { // a real answer says more than "canceled"
				last = err
			}
		}
		select {
		case <-ctx.Done():
			return errors.Wrap(errors.Join(last, ctx.Err()),
				errors.Error{Op: "wait until the endpoint answers", Instance: i.ID, Time: time.Now()})
		case <-time.After(pause):
		}
	}
}

// endpoints returns the addresses of which one must answer. An instance without
// a session URL listens on loopback, of either family.
func endpoints(i Instance) ([]string, error) {
	port := strconv.Itoa(i.Port)
	loopback := []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}
	if i.SessionURL == "" {
		return loopback, nil
	}
	u, err := url.Parse(i.SessionURL)
	if err != nil || u.Hostname() == "" {
		return nil, invalid("the session URL has no host")
	}
	if p := u.Port(); p != "" {
		port = p
		loopback = []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.IsUnspecified() || strings.EqualFold(u.Hostname(), "localhost") {
		return loopback, nil
	}
	return []string{net.JoinHostPort(u.Hostname(), port)}, nil
}
