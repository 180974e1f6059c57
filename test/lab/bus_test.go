//go:build integration && linux

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const busSocket = "/run/dbus/system_bus_socket"

// busConfig is of a system bus on which everybody may do everything.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path=` + busSocket + `</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/>
    <allow receive_type="error"/><allow receive_type="signal"/>
  </policy>
</busconfig>`

const logind = "/lib/systemd/systemd-logind"

// The daemon of the system bus is killed, and logind with it, and both are started again under
// a running hub: nobody notices but the hub's watch for sleep, which finds the new ones.
func TestG5_BusRestarts(t *testing.T) {
	need(t, "dbus-daemon")
	if _, err := os.Stat(logind); err != nil {
		missing(t, "systemd-logind is missing")
	}
	t.Parallel()
	h := newHost(t)
	h.runs(`mkdir -p /run/dbus /run/systemd /run/udev
		mount -t tmpfs lab /sys/power; echo "freeze mem" >/sys/power/state; echo "s2idle [deep]" >/sys/power/mem_sleep`)
	config := filepath.Join(h.dir, "bus.conf")
	if err := os.WriteFile(config, []byte(busConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	startBus := func() (stop func()) {
		h.runs("rm -f " + busSocket)
		daemon := start(t, h.command("dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile"))
		await(t, "the bus", func() bool {
			_, err := h.try("test", "-S", busSocket)
			return err == nil
		})
		cmd := h.command(logind)
		cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS=unix:path="+busSocket, "SYSTEMD_LOG_TARGET=console")
		manager := start(t, cmd)
		return func() {
			daemon.kill()
			manager.kill()
		}
	}
	s := newSite(h)
	stop := startBus()
	s.startHub()
	found := func(times int) {
		t.Helper()
		await(t, "the hub to find logind", func() bool {
			return strings.Count(s.hub.log.tail(), `"power backend active","backend":"logind"`) == times
		})
	}
	found(1)
	s.startInstance("web")
	before := s.awaitActive(1)
	var noticed, resumed times
	for round := range 2 {
		began := time.Now()
		stop()
		await(t, "the hub to say that logind is gone", func() bool {
			return strings.Count(s.hub.log.tail(), `"power backend failed","backend":"logind"`) > round
		})
		noticed = append(noticed, time.Since(began))
		if _, err := s.call(t.Context(), "web", "scripts_status", nil); err != nil {
			t.Error(err)
		}
		stop = startBus()
		over := time.Now()
		found(round + 2)
		resumed = append(resumed, time.Since(over))
	}
	s.sameSessions(t, before)
	if n := s.byName()["web"].Resumes; n != 0 || !s.allActive(1) {
		t.Errorf("%+v", s.byName())
	}
	figures.add(row{fault: "G5 bus restarted", sessions: 1, noticed: noticed, resumed: resumed})
}
