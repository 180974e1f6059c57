package power

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path=SOCKET</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/>
    <allow receive_type="error"/><allow receive_type="signal"/>
  </policy>
</busconfig>`

// bus is a private dbus-daemon.
type bus struct {
	t       *testing.T
	address string
	config  string
	daemon  *exec.Cmd
}

func newBus(t *testing.T) *bus {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("dbus-daemon is missing (Debian: apt-get install dbus), and with CI=true nothing is skipped")
		}
		t.Skip("dbus-daemon is missing (Debian: apt-get install dbus)")
	}
	dir, err := os.MkdirTemp("", "bus") // a socket's name may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b := &bus{t: t, address: "unix:path=" + filepath.Join(dir, "s"), config: filepath.Join(dir, "bus.conf")}
	config := strings.ReplaceAll(busConfig, "SOCKET", filepath.Join(dir, "s"))
	if err := os.WriteFile(b.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start()
	t.Cleanup(b.stop)
	return b
}

// start waits until the daemon listens: it then writes its address.
func (b *bus) start() {
	b.t.Helper()
	b.daemon = exec.Command("dbus-daemon", "--config-file="+b.config, "--nofork", "--nopidfile", "--print-address=1")
	out, err := b.daemon.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.daemon.Start(); err != nil {
		b.t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		b.t.Fatal("dbus-daemon does not start: ", err)
	}
}

func (b *bus) stop() {
	if b.daemon != nil {
		b.daemon.Process.Kill()
		b.daemon.Wait()
		b.daemon = nil
	}
}

func (b *bus) connect() *dbus.Conn {
	b.t.Helper()
	conn, err := dbus.Connect(b.address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	return conn
}

// fakeLogind is org.freedesktop.login1, as far as we use it.
type fakeLogind struct {
	t    *testing.T
	conn *dbus.Conn

	mu        sync.Mutex // guards what follows
	delay     uint64     // µs
	preparing bool
	refuse    string // name of the error that Inhibit answers with
	locks     []*fakeLock
}

// fakeLock is a delay inhibitor: the reading end of a pipe whose other end the client has.
type fakeLock struct {
	args        []string
	read, given *os.File
}

func newLogind(b *bus) *fakeLogind {
	b.t.Helper()
	l := &fakeLogind{t: b.t, conn: b.connect(), delay: 5e6}
	l.conn.Export(inhibitor{l}, login1Path, manager)
	l.conn.Export(properties{l}, login1Path, "org.freedesktop.DBus.Properties")
	return l
}

// appear takes the name.
func (l *fakeLogind) appear() *fakeLogind {
	l.t.Helper()
	if r, err := l.conn.RequestName(login1, dbus.NameFlagDoNotQueue); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		l.t.Fatal("login1: ", r, err)
	}
	return l
}

type inhibitor struct{ l *fakeLogind }

func (i inhibitor) Inhibit(what, who, why, mode string) (dbus.UnixFD, *dbus.Error) {
	i.l.mu.Lock()
	defer i.l.mu.Unlock()
	if i.l.refuse != "" {
		return 0, dbus.NewError(i.l.refuse, []any{"no"})
	}
	r, w, err := os.Pipe()
	if err != nil {
		return 0, dbus.MakeFailedError(err)
	}
	i.l.locks = append(i.l.locks, &fakeLock{[]string{what, who, why, mode}, r, w})
	return dbus.UnixFD(w.Fd()), nil
}

type properties struct{ l *fakeLogind }

func (p properties) Get(_, name string) (dbus.Variant, *dbus.Error) {
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	switch name {
	case "InhibitDelayMaxUSec":
		return dbus.MakeVariant(p.l.delay), nil
	case "PreparingForSleep":
		return dbus.MakeVariant(p.l.preparing), nil
	}
	return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
}

// emit sends PrepareForSleep, or whatever is said to be it.
func (l *fakeLogind) emit(body ...any) {
	l.t.Helper()
	if err := l.conn.Emit(login1Path, manager+".PrepareForSleep", body...); err != nil {
		l.t.Fatal(err)
	}
}

// lock waits for the nth lock to be handed out.
func (l *fakeLogind) lock(n int) *fakeLock {
	l.t.Helper()
	var lock *fakeLock
	eventually(l.t, "a lock is taken", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.locks) >= n {
			lock = l.locks[n-1]
		}
		return lock != nil
	})
	return lock
}

func (l *fakeLogind) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.locks)
}

// released gives a channel that is closed when the client has let go of the lock. It must have
// got it, since our own end is closed here.
func (k *fakeLock) released() <-chan struct{} {
	k.given.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.read.Read(make([]byte, 1))
		k.read.Close()
	}()
	return done
}

// within waits for c for as long as a busy machine may take.
func within(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	select {
	case <-c:
	case <-ctx.Done():
		t.Fatalf("never happened: %s", what)
	}
}

// eventually waits until ok holds, where nothing announces it.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}
