package faultproxy

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// ends is a proxy with a client and a target that a test plays.
type ends struct {
	t     *testing.T
	proxy *Proxy
	ln    net.Listener
}

func newEnds(t *testing.T) *ends {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		ln.Close()
		if n := p.Counters().Open; n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
	return &ends{t, p, ln}
}

func (e *ends) dial() net.Conn {
	e.t.Helper()
	c, err := net.Dial("tcp", e.proxy.Addr())
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { c.Close() })
	return c
}

// connect returns both ends of a connection through the proxy.
func (e *ends) connect() (client, target net.Conn) {
	e.t.Helper()
	client = e.dial()
	target, err := e.ln.Accept()
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { target.Close() })
	return client, target
}

func (e *ends) send(c net.Conn, s string) {
	e.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		e.t.Fatal(err)
	}
}

func (e *ends) want(c net.Conn, s string) {
	e.t.Helper()
	buf := make([]byte, len(s))
	if _, err := io.ReadFull(c, buf); err != nil || string(buf) != s {
		e.t.Fatalf("read %q, %v; want %q", buf, err, s)
	}
}

// wantSilence checks that nothing, not even an end, arrives for a moment.
func (e *ends) wantSilence(c net.Conn) {
	e.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	defer c.SetReadDeadline(time.Time{})
	if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		e.t.Fatalf("read %d bytes, %v; want silence", n, err)
	}
}

// wantRefused checks that a connection is reset at once, which dialing may notice already.
func (e *ends) wantRefused() {
	e.t.Helper()
	c, err := net.Dial("tcp", e.proxy.Addr())
	if err != nil {
		return
	}
	defer c.Close()
	e.wantEnd(c, RST)
}

// wantEnd checks that c ends, by RST or FIN.
func (e *ends) wantEnd(c net.Conn, how Ending) {
	e.t.Helper()
	n, err := c.Read(make([]byte, 1))
	if n != 0 || (err == io.EOF) != (how == FIN) || err == nil {
		e.t.Fatalf("read %d bytes, %v; want %v", n, err, how)
	}
}

func TestForwardsFaithfully(t *testing.T) {
	e := newEnds(t)
	client, target := e.connect()
	want := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	var all sync.WaitGroup
	for _, c := range []net.Conn{client, target} {
		all.Go(func() {
			if _, err := c.Write(want); err != nil {
				t.Error(err)
			}
			if err := c.(*net.TCPConn).CloseWrite(); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d of %d bytes, %v", len(got), len(want), err)
			}
		})
	}
	all.Wait()
}

func TestEndsAreForwarded(t *testing.T) {
	e := newEnds(t)
	client, target := e.connect()
	client.Close()
	e.wantEnd(target, FIN)

	client, target = e.connect()
	e.send(client, "up") // the link is, beyond doubt
	e.want(target, "up")
	target.(*net.TCPConn).SetLinger(0)
	target.Close()
	e.wantEnd(client, RST)
}

func TestTargetThatIsNotThere(t *testing.T) {
	e := newEnds(t)
	e.ln.Close()
	e.wantRefused()
}

func TestRetarget(t *testing.T) {
	e, other := newEnds(t), newEnds(t)
	e.proxy.Retarget(other.ln.Addr().String())
	client := e.dial()
	target, err := other.ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	e.send(client, "hello")
	e.want(target, "hello")
}

func TestCut(t *testing.T) {
	for _, how := range []Ending{RST, FIN} {
		e := newEnds(t)
		client, target := e.connect()
		client2, target2 := e.connect()
		e.send(client, "a") // the links are up, beyond doubt
		e.want(target, "a")
		e.send(client2, "b")
		e.want(target2, "b")
		if n := e.proxy.Cut(how); n != 2 {
			t.Errorf("cut %d connections", n)
		}
		for _, c := range []net.Conn{client, target, client2, target2} {
			e.wantEnd(c, how)
		}
		client, target = e.connect()
		e.send(client, "new connections are fine")
		e.want(target, "new connections are fine")
		if c := e.proxy.Counters(); c.Accepted != 3 || c.Forwarded != 3 || c.Cut != 2 {
			t.Errorf("%+v", c)
		}
	}
}

func TestCutAfterBytes(t *testing.T) {
	for _, how := range []Ending{RST, FIN} {
		for _, d := range []Direction{ToTarget, ToClient} {
			e := newEnds(t)
			from, to := e.connect()
			if d == ToClient {
				from, to = to, from
			}
			e.proxy.CutAfter(d, 7, how)
			e.send(to, "the other direction is not counted")
			e.want(from, "the other direction is not counted")
			e.send(from, "123")
			e.want(to, "123")
			e.send(from, "45678")
			e.want(to, "4567")
			e.wantEnd(to, how)
			from, to = e.connect()
			if d == ToClient {
				from, to = to, from
			}
			e.send(from, "only one was to be cut")
			e.want(to, "only one was to be cut")
		}
	}
}

func TestSilentDrop(t *testing.T) {
	e := newEnds(t)
	client, target := e.connect()
	idle, idleTarget := e.connect()
	e.proxy.Drop()
	e.send(client, "lost")
	e.send(target, "lost as well")
	e.wantSilence(client)
	e.wantSilence(target)
	e.proxy.Heal()

	e.send(client, "this would leave a hole") // bytes are missing: it stays silent
	e.wantSilence(target)
	e.send(idle, "nothing of this one was lost")
	e.want(idleTarget, "nothing of this one was lost")

	client.Close() // nor does its end arrive
	e.wantSilence(target)
}

func TestHalfOpen(t *testing.T) {
	e := newEnds(t)
	client, target := e.connect()
	e.proxy.Drop(ToTarget)
	e.send(client, "lost")
	e.send(target, "arrives")
	e.want(client, "arrives")
	client.Close()
	e.wantSilence(target)
}

func TestEndInADrop(t *testing.T) {
	e := newEnds(t)
	client, target := e.connect()
	e.send(client, "up") // the link is, beyond doubt
	e.want(target, "up")
	e.proxy.Drop()
	target.(*net.TCPConn).SetLinger(0)
	target.Close()
	e.wantSilence(client)
}

func TestBlackhole(t *testing.T) {
	e := newEnds(t)
	client, target := e.connect()
	e.proxy.Blackhole()
	e.send(client, "x")
	e.wantSilence(target)
	swallowed := e.dial()
	e.send(swallowed, "anybody there?")
	e.wantSilence(swallowed)
	e.proxy.Heal()
	e.wantSilence(swallowed)
	if c := e.proxy.Counters(); c.Accepted != 2 || c.Forwarded != 1 || c.Open != 2 {
		t.Errorf("%+v", c)
	}
}

func TestRefuse(t *testing.T) {
	e := newEnds(t)
	client, target := e.connect()
	e.proxy.Admit(Refuse)
	e.wantRefused()
	e.send(client, "who is in stays in")
	e.want(target, "who is in stays in")
	e.proxy.Heal()
	client, target = e.connect()
	e.send(client, "and all are welcome")
	e.want(target, "and all are welcome")
}

func TestStallLosesNothing(t *testing.T) {
	e := newEnds(t)
	client, target := e.connect()
	e.proxy.Stall()
	long := strings.Repeat("x", 100_000)
	go func() {
		if _, err := io.WriteString(client, long); err != nil {
			t.Error(err)
		}
	}()
	e.wantSilence(target)
	e.proxy.Heal()
	e.want(target, long)
}

func TestDelayKeepsOrderAndRate(t *testing.T) {
	e := newEnds(t)
	client, target := e.connect()
	const by = 50 * time.Millisecond
	e.proxy.Delay(ToTarget, by)
	started := time.Now()
	for i := range 20 {
		e.send(client, string(rune('a'+i)))
	}
	e.want(target, "abcdefghijklmnopqrst")
	if d := time.Since(started); d < by || d > 10*by { // one after the other would take 20
		t.Errorf("it took %v", d)
	}
	started = time.Now()
	e.send(target, "back")
	e.want(client, "back")
	if d := time.Since(started); d >= by {
		t.Errorf("the other direction took %v", d)
	}
}

func TestLateEnd(t *testing.T) {
	e := newEnds(t)
	const by = 100 * time.Millisecond
	e.proxy.DelayEnd(by)
	client, target := e.connect()
	e.send(client, "bye")
	started := time.Now()
	client.Close()
	e.want(target, "bye")
	e.wantEnd(target, FIN)
	if d := time.Since(started); d < by {
		t.Errorf("the end arrived after %v", d)
	}

	client, target = e.connect()
	e.send(client, "bye")
	e.want(target, "bye")
	started = time.Now()
	if n := e.proxy.CutClients(); n == 0 {
		t.Error("nothing to cut")
	}
	e.wantEnd(client, RST)
	e.wantEnd(target, RST)
	if d := time.Since(started); d < by {
		t.Errorf("the end arrived after %v", d)
	}
}

func TestCloseInAnyWeather(t *testing.T) {
	for _, spoil := range []func(*Proxy){
		func(p *Proxy) {}, func(p *Proxy) { p.Drop() }, func(p *Proxy) { p.Stall() },
		func(p *Proxy) { p.Delay(ToTarget, time.Hour) }, func(p *Proxy) { p.DelayEnd(time.Hour) },
		func(p *Proxy) { p.Blackhole() },
	} {
		e := newEnds(t)
		spoil(e.proxy)
		client := e.dial()
		go client.Write(make([]byte, 1<<20))
		client2 := e.dial()
		e.send(client2, "x")
		client2.Close()
		e.proxy.Close() // and newEnds checks that nothing is left
		e.proxy.Close()
	}
}
