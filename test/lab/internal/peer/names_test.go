package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/standardbeagle/brum/test/lab/internal/report"
)

// The name server answers Go's own resolver.
func TestNames(t *testing.T) {
	s, address := role(t, names, settings{listen: "127.0.0.1:0", target: "192.0.2.7"})
	defer s()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", address)
	}}
	ips, err := resolver.LookupNetIP(t.Context(), "ip", "instance.lab.")
	if err != nil || len(ips) != 1 || ips[0].Unmap().String() != "192.0.2.7" {
		t.Errorf("%v, %v", ips, err)
	}
	if reply := resolve([]byte{1, 2, 3}, nil); reply != nil {
		t.Errorf("an answer to no question: %v", reply)
	}
}

// role runs one until stop, and returns where it listens.
func role(t *testing.T, run func(*settings, <-chan struct{}) error, s settings) (stop func(), address string) {
	t.Helper()
	out := make(chan report.Line)
	r, w := io.Pipe()
	go report.Read(r, func(l report.Line) { out <- l })
	s.out, s.log = report.NewWriter(w), slog.New(slog.DiscardHandler)
	done, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- run(&s, done) }()
	select {
	case l := <-out:
		address = l.Ready.Address
	case err := <-ended:
		t.Fatal(err)
	}
	return func() {
		close(done)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		w.Close()
	}, address
}
