//go:build integration && linux

package power

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	login1     = "org.freedesktop.login1"
	login1Path = dbus.ObjectPath("/org/freedesktop/login1")
	manager    = login1 + ".Manager"
	systemd1   = "org.freedesktop.systemd1"

	logindBinary = "/lib/systemd/systemd-logind"
	delayMax     = 5 * time.Second
)

// A real systemd-logind, on a bus and in a mount namespace of its own: what it finds below /run
// and /sys/power is made up, so that it never gets at the machine's. It has no PID namespace, as
// it asks the bus for the processes of its clients.
const logindScript = `set -eu
mount -t tmpfs tmpfs /run; mkdir -p /run/systemd /run/dbus /run/udev
mount -t tmpfs tmpfs /sys/power
echo "freeze mem" >/sys/power/state; echo "s2idle [deep]" >/sys/power/mem_sleep; echo "[platform]" >/sys/power/disk
mount --bind "$1/logind.conf" /etc/systemd/logind.conf
exec "$2"
`

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path=%s/s</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/>
    <allow receive_type="error"/><allow receive_type="signal"/>
  </policy>
</busconfig>`

// world is a bus with a real logind on it, and us as PID 1.
type world struct {
	t       *testing.T
	dir     string
	address string
	conn    *dbus.Conn
	logind  *exec.Cmd
	started chan string // units that logind had started
	finish  chan string // results of their jobs
}

func newWorld(t *testing.T) *world {
	t.Helper()
	need(t, map[string]string{"dbus-daemon": "dbus", "unshare": "util-linux", logindBinary: "systemd"})
	dir, err := os.MkdirTemp("", "bus")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{t: t, dir: dir, address: "unix:path=" + dir + "/s", started: make(chan string, 8), finish: make(chan string)}
	w.write("bus.conf", fmt.Sprintf(busConfig, dir))
	w.write("logind.conf", fmt.Sprintf("[Login]\nInhibitDelayMaxSec=%d\n", int(delayMax.Seconds())))
	daemon := exec.Command("dbus-daemon", "--config-file="+filepath.Join(dir, "bus.conf"), "--nofork", "--nopidfile", "--print-address=1")
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.start(daemon)
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal("dbus-daemon does not start: ", err)
	}
	if w.conn, err = dbus.Connect(w.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.conn.Close() })
	w.playInit()
	w.startLogind()
	return w
}

func (w *world) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// start starts a process that ends with the test.
func (w *world) start(cmd *exec.Cmd) {
	w.t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
}

// startLogind waits until it is on the bus.
func (w *world) startLogind() {
	w.t.Helper()
	w.logind = exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", logindScript, "sh", w.dir, logindBinary)
	w.logind.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+w.address, "SYSTEMD_LOG_TARGET=null")
	w.start(w.logind)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var has bool
		if err := w.conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, login1).Store(&has); err != nil {
			w.t.Fatal(err)
		}
		if has {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatal("logind does not start")
		}
	}
}

// playInit plays the part of systemd that logind needs for a suspend: a job for suspend.target.
func (w *world) playInit() {
	w.t.Helper()
	w.conn.Export(initManager{w}, "/org/freedesktop/systemd1", systemd1+".Manager")
	w.conn.ExportSubtree(unitProperties{}, "/org/freedesktop/systemd1", "org.freedesktop.DBus.Properties")
	if r, err := w.conn.RequestName(systemd1, dbus.NameFlagDoNotQueue); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		w.t.Fatal("systemd1: ", r, err)
	}
}

type initManager struct{ w *world }

func (initManager) Subscribe() *dbus.Error   { return nil }
func (initManager) Unsubscribe() *dbus.Error { return nil }
func (initManager) GetUnit(name string) (dbus.ObjectPath, *dbus.Error) {
	return "", dbus.NewError(systemd1+".NoSuchUnit", []any{"Unit " + name + " not loaded."})
}

func (i initManager) StartUnit(name, mode string) (dbus.ObjectPath, *dbus.Error) {
	const job = dbus.ObjectPath("/org/freedesktop/systemd1/job/1")
	i.w.started <- name
	go func() {
		result, ok := <-i.w.finish
		if ok {
			i.w.conn.Emit("/org/freedesktop/systemd1", systemd1+".Manager.JobRemoved", uint32(1), job, name, result)
		}
	}()
	return job, nil
}

type unitProperties struct{}

func (unitProperties) Get(_, name string) (dbus.Variant, *dbus.Error) {
	switch name {
	case "LoadState":
		return dbus.MakeVariant("loaded"), nil
	case "ActiveState":
		return dbus.MakeVariant("inactive"), nil
	case "Job":
		return dbus.MakeVariant(struct {
			ID   uint32
			Path dbus.ObjectPath
		}{0, "/"}), nil
	}
	return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", []any{name})
}

// locks lists the delay locks on sleep as logind has them, by who took them.
func (w *world) locks() (who []string) {
	w.t.Helper()
	var all []struct {
		What, Who, Why, Mode string
		UID, PID             uint32
	}
	if err := w.conn.Object(login1, login1Path).Call(manager+".ListInhibitors", 0).Store(&all); err != nil {
		w.t.Fatal(err)
	}
	for _, l := range all {
		if l.What == "sleep" && l.Mode == "delay" {
			who = append(who, l.Who)
		}
	}
	return who
}

// suspend has logind begin a suspend, as systemctl does, and waits until the machine would sleep.
func (w *world) suspend() (waited time.Duration) {
	w.t.Helper()
	began := time.Now()
	if err := w.conn.Object(login1, login1Path).Call(manager+".Suspend", 0, false).Err; err != nil {
		w.t.Fatal(err)
	}
	select {
	case unit := <-w.started:
		if unit != "suspend.target" {
			w.t.Fatalf("logind starts %s", unit)
		}
	case <-time.After(20 * time.Second):
		w.t.Fatal("logind never suspends")
	}
	return time.Since(began)
}

func held(l line) bool { return l.Status["logind"].State == "active" && l.Status["logind"].Holds }

func TestG5_RealLogindWaitsForTheHook(t *testing.T) {
	w := newWorld(t)
	p := watch(t, 0, w.address, "-who", "brum-it", "-hook", "300ms")
	p.status("the lock is held", held)
	if got := fmt.Sprint(w.locks()); got != "[brum-it]" {
		t.Errorf("logind knows of locks of %s", got)
	}
	for range 2 {
		if waited := w.suspend(); waited < 300*time.Millisecond || waited > delayMax {
			t.Errorf("logind waited for %v", waited)
		}
		p.event("suspend")
		if got := w.locks(); len(got) != 0 {
			t.Errorf("locks of %v during the sleep", got)
		}
		w.finish <- "done"
		// The clocks of this machine have not stopped, so nobody has slept.
		p.event("suspend-canceled")
		p.status("the lock is held again", held)
	}
	w.suspend()
	w.finish <- "failed"
	p.event("suspend")
	p.event("suspend-canceled")
}

func TestG5_RealLogindIsNotKeptWaiting(t *testing.T) {
	w := newWorld(t)
	p := watch(t, 0, w.address, "-hook", "1h")
	p.status("the lock is held", held)
	// Logind would go ahead by itself after delayMax; hooks get four fifths of that.
	if waited := w.suspend(); waited < delayMax/2 || waited >= delayMax {
		t.Errorf("logind waited for %v", waited)
	}
	w.finish <- "done"
	p.event("suspend-canceled")
	p.status("the lock is held again", held)
}

func TestG5_RealLogindIsRestarted(t *testing.T) {
	w := newWorld(t)
	p := watch(t, 0, w.address, "-who", "brum-it", "-hook", "1ms")
	p.status("the lock is held", held)
	w.logind.Process.Kill()
	w.logind.Wait()
	p.status("the loss is noticed", func(l line) bool { return !held(l) })
	w.startLogind()
	p.status("the lock is held again", held)
	if got := fmt.Sprint(w.locks()); got != "[brum-it]" {
		t.Errorf("logind knows of locks of %s", got)
	}
	w.suspend()
	p.event("suspend")
	w.finish <- "done"
	p.event("suspend-canceled")
}
