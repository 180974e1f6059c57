package discovery

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// lateListener is an address that refuses connections until listen is called.
type lateListener struct {
	t       *testing.T
	address *net.TCPAddr
}

func newLateListener(t *testing.T) *lateListener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &lateListener{t, l.Addr().(*net.TCPAddr)}
}

func (l *lateListener) port() int { return l.address.Port }

// awaitDials gives a caller time to be refused n times. Refusals can't be seen
// from here, and none of them would make the test fail.
func (l *lateListener) awaitDials(n int) { time.Sleep(time.Duration(n) * 30 * time.Millisecond) }

func (l *lateListener) listen() {
	l.t.Helper()
	listener, err := net.Listen("tcp", l.address.String())
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { listener.Close() })
}

func TestA5_endpoint_that_never_answers(t *testing.T) {
	r := open(t, Config{})
	port := newLateListener(t).port()
	_, err := r.Register(within(t, 500*time.Millisecond), sample("a", port))
	if errors.Of(err) != errors.Refused || !errors.IsTemporary(err) || !errors.Is(err, errors.Refused) {
		t.Errorf("%v", err)
	}
	if left := names(t, r.Dir()); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestA5_endpoints(t *testing.T) {
	loopback := func(port int) []string {
		return []string{fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("[::1]:%d", port)}
	}
	for _, c := range []struct {
		url  string
		want []string
	}{
		{"", loopback(7777)},
		{"ws://127.0.0.1:8000/session", []string{"127.0.0.1:8000"}},
		{"ws://[::1]/session", []string{"[::1]:7777"}},
		{"wss://build.example:8443/s", []string{"build.example:8443"}},
		{"ws://0.0.0.0:8000/", loopback(8000)},
		{"ws://[::]:8000/", loopback(8000)},
		{"ws://localhost:8000/session", loopback(8000)},
		{"ws://LOCALHOST/session", loopback(7777)},
	} {
		got, err := endpoints(Instance{Port: 7777, SessionURL: c.url})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, %v; want %v", c.url, got, err, c.want)
		}
	}
	for _, bad := range []string{"://", "no host", "ws:///session"} {
		if _, err := endpoints(Instance{Port: 7777, SessionURL: bad}); errors.Of(err) != errors.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
