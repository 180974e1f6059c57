package sessiontest_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
	. "github.com/standardbeagle/brum/session/sessiontest"
)

// connect returns the two ends of a connection over n.
func connect(t *testing.T, n *Network) (dialer, acceptor net.Conn) {
	t.Helper()
	dialer, err := n.DialContext(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	acceptor, err = n.Listener().Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		dialer.Close()
		acceptor.Close()
	})
	return dialer, acceptor
}

// read returns what arrives within ten seconds, and the error behind it.
func read(c net.Conn) (string, error) {
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	p, err := io.ReadAll(c)
	return string(p), err
}

// Each way to die looks to both sides as it does on a real network.
func TestEndings(t *testing.T) {
	for _, c := range []struct {
		ending          Ending
		arrived         string
		reader, writer  error // what the reading and the writing side get to read at last
		back            string
		backward, write error // what comes the other way; what another write says
	}{
		{Closed, "1234", nil, nil, "", nil, syscall.EPIPE},
		{Reset, "1234", syscall.ECONNRESET, syscall.ECONNRESET, "", syscall.ECONNRESET, syscall.ECONNRESET},
		{Silent, "1234", os.ErrDeadlineExceeded, os.ErrDeadlineExceeded, "", nil, nil},
		{OneWay, "1234", os.ErrDeadlineExceeded, os.ErrDeadlineExceeded, "back", nil, nil},
		{HalfOpen, "1234", os.ErrDeadlineExceeded, syscall.ECONNRESET, "", nil, syscall.ECONNRESET},
	} {
		for _, d := range []Direction{ToAcceptor, ToDialer} {
			t.Run(c.ending.String()+" "+d.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := NewNetwork()
					defer n.Close()
					n.Plan(Plan{Fate: Dying, Direction: d, After: 4, Ending: c.ending})
					from, to := connect(t, n)
					if d == ToDialer {
						from, to = to, from
					}
					from.Write([]byte("123456789"))
					to.Write([]byte("back"))
					if got, err := read(to); got != c.arrived || !errors.Is(err, c.reader) {
						t.Errorf("the reader got %q, %v", got, err)
					}
					if got, err := read(from); got != c.back || !errors.Is(err, c.writer) {
						t.Errorf("the writer got %q, %v", got, err)
					}
					if _, err := from.Write([]byte("x")); !errors.Is(err, c.write) {
						t.Errorf("another write: %v", err)
					}
					if got := n.Last().Carried(d); got < 4 {
						t.Errorf("carried %d", got)
					}
				})
			})
		}
	}
}

// The end of a connection can come late, and what is stalled fills up and blocks.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		defer n.Close()
		a, b := connect(t, n)
		l := n.Last()
		l.Stall(ToAcceptor)
		a.SetWriteDeadline(time.Now().Add(time.Minute))
		written, err := a.Write(make([]byte, 10<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) || written == 0 || written > 2<<20 {
			t.Errorf("wrote %d, %v", written, err)
		}
		a.Close()
		if got, err := read(b); got != "" || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("through a stall: %q, %v", got, err)
		}
		l.Release(ToAcceptor)
		if got, err := read(b); len(got) != written || err != nil {
			t.Errorf("behind it: %d bytes, %v", len(got), err)
		}
	})
}

func TestConditions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		defer n.Close()
		n.Shape(Conditions{Delay: time.Second, Jitter: 100 * time.Millisecond, BytesPerSecond: 1000})
		a, b := connect(t, n)
		start := time.Now()
		sent := make([]byte, 0, 5000)
		for i := range 50 {
			p := bytes.Repeat([]byte{byte(i)}, 100)
			a.Write(p)
			sent = append(sent, p...)
		}
		a.Close()
		got, err := read(b)
		if d := time.Since(start); got != string(sent) || err != nil || d < 6*time.Second || d > 6100*time.Millisecond {
			t.Errorf("%d bytes, %v after %v", len(got), err, d)
		}
	})
}

func TestFates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork()
		defer n.Close()
		n.Plan(Plan{Fate: Refused}, Plan{Fate: Swallowed})
		if _, err := n.DialContext(t.Context(), "", ""); !errors.Is(err, syscall.ECONNREFUSED) || errors.Of(err) != errors.Refused {
			t.Errorf("refused: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		if _, err := n.DialContext(ctx, "", ""); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("swallowed: %v after %v", err, time.Since(start))
		}

		n.Plan(Plan{Fate: Doubled})
		a, b := connect(t, n)
		twin, err := n.Listener().Accept()
		if err != nil {
			t.Fatal(err)
		}
		a.Write([]byte("twice"))
		twin.Write([]byte("nobody hears this"))
		twin.Close()
		b.Write([]byte("once"))
		p := make([]byte, 5)
		if io.ReadFull(b, p); string(p) != "twice" {
			t.Errorf("%q", p)
		}
		if n, err := a.Read(p); string(p[:n]) != "once" {
			t.Errorf("%q, %v", p[:n], err)
		}

		n.Plan(Plan{Fate: Overtaken})
		early, earlyEnd := connect(t, n)
		_, lateEnd := connect(t, n)
		early.Write([]byte("early"))
		if got, err := read(earlyEnd); got != "" || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q, %v before anything was overtaken", got, err)
		}
		lateEnd.Write([]byte("an answer"))
		early.Close()
		if got, err := read(earlyEnd); got != "early" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}
