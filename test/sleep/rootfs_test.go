//go:build sleep && linux

package sleep

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const systemdDir = "/usr/lib/systemd/"

// What the guest has of this machine's: systemd, logind and D-Bus, with the libraries that they
// need. Not all versions have all of it.
var (
	guestPrograms = []string{
		systemdDir + "systemd", systemdDir + "systemd-executor", systemdDir + "systemd-logind", systemdDir + "systemd-sleep",
		systemdDir + "systemd-journald", systemdDir + "systemd-shutdown", systemdDir + "systemd-cgroups-agent",
		"/usr/bin/systemctl", "/usr/bin/journalctl", "/usr/bin/dbus-daemon", "/usr/bin/ip",
	}
	guestLibraries = []string{"libkmod.so.2", "libnss_files.so.2", "libnss_compat.so.2"} // opened by name
	guestUnits     = []string{
		"dbus.service", "dbus.socket", "systemd-logind.service", "systemd-suspend.service", "suspend.target", "sleep.target",
		"systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket", "sysinit.target",
		"basic.target", "local-fs.target", "local-fs-pre.target", "swap.target", "sockets.target", "timers.target",
		"paths.target", "slices.target", "user.slice", "shutdown.target", "umount.target", "final.target",
	}
	// maskedUnits would want what the guest does not have.
	maskedUnits = []string{
		"dev-hugepages.mount", "dev-mqueue.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-kernel-config.mount",
		"sys-fs-fuse-connections.mount", "systemd-remount-fs.service", "modprobe@.service",
	}
	guestModules = []string{"virtio_pci", "virtio_net", "button", "evdev"}
)

const guestService = `[Unit]
After=dbus.service systemd-logind.service
Wants=dbus.service
[Service]
ExecStart=/usr/bin/guest
Environment=HOME=/root
StandardOutput=file:/dev/console
StandardError=file:/dev/console
`

const guestTarget = `[Unit]
Requires=dbus.service systemd-logind.service guest.service
After=dbus.service systemd-logind.service
AllowIsolate=yes
`

// writeRootfs writes the guest's file system, with the programs in dir.
func writeRootfs(path, dir, kernel string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	c := newCPIO(f)
	for _, d := range []string{"dev", "proc", "sys", "run", "tmp", "root", "var/log", "var/lib", "var/tmp", "etc/pam.d",
		"etc/dbus-1/system.d", "usr/lib64", "usr/sbin", "usr/bin", "usr/lib"} {
		c.dir(d)
	}
	for _, l := range []string{"bin", "sbin", "lib", "lib64"} {
		c.link(l, "usr/"+l)
	}
	c.link("var/run", "/run")
	c.device("dev/console", 5, 1)
	c.device("dev/null", 1, 3)
	addSettings(c)
	if err := addSystem(c); err != nil {
		return err
	}
	for _, p := range []string{"guest", "brum-hub", "brum-instance"} {
		c.copy("usr/bin/"+p, filepath.Join(dir, p))
	}
	c.link("init", "/usr/bin/guest")
	c.copy("etc/brum/cert.pem", filepath.Join(dir, "cert.pem"))
	c.copy("etc/brum/key.pem", filepath.Join(dir, "key.pem"))
	modules, err := modulesFor(kernel, guestModules...)
	if err != nil {
		return err
	}
	for i, m := range modules {
		c.copy(fmt.Sprintf("modules/%02d-%s", i, filepath.Base(m)), m)
	}
	return c.close()
}

func addSettings(c *cpio) {
	c.text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nmessagebus:x:100:100::/:/usr/sbin/nologin\nnobody:x:65534:65534::/:/usr/sbin/nologin\n")
	c.text("etc/group", "root:x:0:\nmessagebus:x:100:\nnogroup:x:65534:\nsystemd-journal:x:101:\ntty:x:5:\n")
	c.text("etc/nsswitch.conf", "passwd: files\ngroup: files\n")
	c.text("etc/machine-id", "0123456789abcdef0123456789abcdef\n")
	c.text("etc/hostname", "guest\n")
	c.text("etc/fstab", "")
	c.text("etc/os-release", "ID=brum-guest\nNAME=guest\n")
	c.text("etc/systemd/journald.conf.d/volatile.conf", "[Journal]\nStorage=volatile\n")
	c.text("etc/systemd/system/guest.service", guestService)
	c.text("etc/systemd/system/guest.target", guestTarget)
	c.link("etc/systemd/system/default.target", "guest.target")
	for _, u := range maskedUnits {
		c.link("etc/systemd/system/"+u, "/dev/null")
	}
}

// addSystem adds what is this machine's.
func addSystem(c *cpio) error {
	for _, u := range guestUnits {
		if _, err := os.Stat(systemdDir + "system/" + u); err == nil {
			c.copy(systemdDir+"system/"+u, systemdDir+"system/"+u)
		}
	}
	for _, s := range []string{"dbus.socket", "systemd-journald.socket", "systemd-journald-dev-log.socket"} {
		c.link(systemdDir+"system/sockets.target.wants/"+s, "../"+s)
	}
	for _, pattern := range []string{"/usr/share/dbus-1/system.conf", "/usr/share/dbus-1/system.d/*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, f := range found {
			c.copy(f, f)
		}
	}
	var libraries []string
	for _, p := range guestPrograms {
		if _, err := os.Stat(p); err != nil {
			continue
		}
		c.copy(p, p)
		needs, err := librariesOf(p)
		if err != nil {
			return err
		}
		libraries = append(libraries, needs...)
	}
	for _, l := range guestLibraries {
		found, _ := filepath.Glob("/usr/lib/*-linux-gnu/" + l)
		libraries = append(libraries, found...)
	}
	slices.Sort(libraries)
	for _, l := range slices.Compact(libraries) {
		c.copy(l, l)
	}
	return c.err
}

// librariesOf returns the libraries that a program is linked to, by names below /usr.
func librariesOf(program string) ([]string, error) {
	cmd := exec.Command("ldd", program)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+systemdDir, "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ldd %s: %w: %s", program, err, out)
	}
	var list []string
	for field := range strings.FieldsSeq(string(out)) {
		if !filepath.IsAbs(field) || !strings.Contains(field, ".so") {
			continue
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(field))
		if err != nil {
			return nil, err
		}
		list = append(list, filepath.Join(dir, filepath.Base(field)))
	}
	return list, nil
}
