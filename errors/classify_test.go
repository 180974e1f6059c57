package errors

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// deep wraps err the way a real call stack does.
func deep(err error) error {
	err = &url.Error{Op: "Get", URL: "http://127.0.0.1:7777/", Err: err}
	err = fmt.Errorf("attach: %w", err)
	err = Join(err, New("and the clean-up failed too"))
	return fmt.Errorf("connect %q: %w", "shop", err)
}

func onWire(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, err)}
}

type declared struct {
	kind  Kind
	cause error
}

func (d declared) Error() string   { return "declared" }
func (d declared) Unwrap() error   { return d.cause }
func (d declared) ErrorKind() Kind { return d.kind }

func TestI1_values(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want Kind
	}{
		{"canceled", context.Canceled, Canceled},
		{"deadline of a context", context.DeadlineExceeded, Timeout},
		{"deadline of a connection", os.ErrDeadlineExceeded, Timeout},
		{"end of file", io.EOF, Closed},
		{"end of file in a frame", io.ErrUnexpectedEOF, Closed},
		{"pipe", io.ErrClosedPipe, Closed},
		{"own connection", net.ErrClosed, Closed},
		{"own file", os.ErrClosed, Closed},
		{"process", os.ErrProcessDone, ProcessNotFound},
		{"name", &net.DNSError{Err: "no such host", Name: "x.invalid", IsNotFound: true}, DNS},
		{"name server silent", &net.DNSError{Err: "i/o timeout", Name: "x.invalid", IsTimeout: true}, DNS},
		{"certificate", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, TLS},
		{"host name", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}, TLS},
		{"expired", x509.CertificateInvalidError{Reason: x509.Expired}, TLS},
		{"alert", tls.AlertError(42), TLS},
		{"record", tls.RecordHeaderError{Msg: "x"}, TLS},
		{"permission", fs.ErrPermission, Permission},
		{"missing", &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, NotFound},
		{"unsupported", ErrUnsupported, Unsupported},
		{"address", &net.AddrError{Err: "missing port", Addr: "x"}, Invalid},
		{"kind as an error", fmt.Errorf("no room: %w", Limit), Limit},
		{"declared over its cause", declared{SessionLost, io.EOF}, SessionLost},
		{"declared unknown: the cause", declared{Unknown, io.EOF}, Closed},
		{"nothing known", New("connection refused"), Unknown},
		{"text is not evidence", New("i/o timeout: EOF: permission denied"), Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, err := range []error{c.err, deep(c.err), Wrap(deep(c.err), Error{Op: "x"})} {
				if got := Of(err); got != c.want {
					t.Errorf("Of(%v) = %v, want %v", err, got, c.want)
				}
			}
			if err := Wrap(deep(c.err), Error{}); !Is(err, c.want) {
				t.Errorf("%v does not match its kind", err)
			}
		})
	}
	if Of(nil) != Unknown || IsTemporary(nil) || RetryAfter(nil) != 0 || Wrap(nil, Error{Kind: Reset}) != nil {
		t.Error("nil is not a failure")
	}
}

// tcpPair returns the two ends of a loopback connection.
func tcpPair(t *testing.T) (client, server *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

func unusedAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func expect(t *testing.T, err error, want Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one of kind %v", want)
	}
	for _, e := range []error{err, deep(err)} {
		if got := Of(e); got != want {
			t.Errorf("Of = %v, want %v, for %v (%T)", got, want, e, e)
		}
	}
}

func TestI1_real_sockets(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		_, err := net.Dial("tcp", unusedAddr(t))
		expect(t, err, Refused)
		_, err = http.Get("http://" + unusedAddr(t))
		expect(t, err, Refused)
	})
	t.Run("reset", func(t *testing.T) {
		client, server := tcpPair(t)
		if err := server.SetLinger(0); err != nil {
			t.Fatal(err)
		}
		server.Close()
		_, err := client.Read(make([]byte, 1))
		expect(t, err, Reset)
		_, err = client.Write([]byte("x")) // the socket is closed on our side too by now
		expect(t, err, Closed)
	})
	t.Run("end of file", func(t *testing.T) {
		client, server := tcpPair(t)
		server.Close()
		_, err := client.Read(make([]byte, 1))
		expect(t, err, Closed)
	})
	t.Run("deadline", func(t *testing.T) {
		client, _ := tcpPair(t)
		client.SetReadDeadline(time.Now())
		_, err := client.Read(make([]byte, 1))
		expect(t, err, Timeout)
	})
	t.Run("closed here", func(t *testing.T) {
		client, _ := tcpPair(t)
		client.Close()
		_, err := client.Read(make([]byte, 1))
		expect(t, err, Closed)
	})
	t.Run("canceled dial", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := new(net.Dialer).DialContext(ctx, "tcp", unusedAddr(t))
		expect(t, err, Canceled)
	})
	t.Run("address in use", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, err = net.Listen("tcp", l.Addr().String())
		expect(t, err, InUse)
	})
	t.Run("server never answers", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, err = (&http.Client{Timeout: 50 * time.Millisecond}).Get("http://" + l.Addr().String())
		expect(t, err, Timeout)
	})
	t.Run("missing file", func(t *testing.T) {
		_, err := os.Open(filepath.Join(t.TempDir(), "none"))
		expect(t, err, NotFound)
	})
	t.Run("process gone", func(t *testing.T) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(self, "-test.run=^$")
		if err := child.Run(); err != nil {
			t.Fatal(err)
		}
		expect(t, child.Process.Kill(), ProcessNotFound)
	})
}

func TestI1_real_tls(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()

	dial := func(addr string, config *tls.Config) error {
		c, err := tls.Dial("tcp", addr, config)
		if err == nil {
			c.Close()
		}
		return err
	}
	t.Run("unknown authority", func(t *testing.T) {
		expect(t, dial(secure.Listener.Addr().String(), &tls.Config{}), TLS)
		_, err := http.Get(secure.URL)
		expect(t, err, TLS)
	})
	t.Run("other host", func(t *testing.T) {
		roots := x509.NewCertPool()
		roots.AddCert(secure.Certificate())
		expect(t, dial(secure.Listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "elsewhere.invalid"}), TLS)
	})
	t.Run("plain server", func(t *testing.T) {
		expect(t, dial(plain.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}), TLS)
	})
	t.Run("alert of the peer", func(t *testing.T) {
		err := dial(secure.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
		expect(t, err, TLS)
	})
	t.Run("cut in the handshake", func(t *testing.T) {
		client, server := tcpPair(t)
		server.Close()
		expect(t, tls.Client(client, &tls.Config{InsecureSkipVerify: true}).Handshake(), Closed)
	})
}

// A refusal by the system is a lack of rights for a file and a firewall on the wire.
func TestI2_firewall_is_temporary(t *testing.T) {
	wire := deep(onWire("connect", syscall.EPERM))
	if Of(wire) != Permission || !IsTemporary(wire) || !IsTemporary(Wrap(wire, Error{Op: "dial"})) {
		t.Errorf("%v, temporary %v; want a temporary refusal", Of(wire), IsTemporary(wire))
	}
	for _, err := range []error{
		deep(&fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}),
		&net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", syscall.EACCES)},
	} {
		if Of(err) != Permission || IsTemporary(err) {
			t.Errorf("%v: %v, temporary %v; want a permanent one", err, Of(err), IsTemporary(err))
		}
	}
}
