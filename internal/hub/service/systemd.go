package service

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// systemd is the manager of a user's units.
type systemd struct {
	dir string // of the user's unit files
	run runner
}

const unit = Name + ".service"

func (m *systemd) file() string { return filepath.Join(m.dir, unit) }

// systemdUnit describes the service; see systemd.service(5). Its log goes to the journal.
// That another hub is running (8) or the command line is wrong (2) will not change by
// starting again.
func systemdUnit(s Spec) string {
	words := []string{systemdWord(s.Program)}
	for _, a := range s.Args {
		words = append(words, systemdWord(a))
	}
	return fmt.Sprintf(`[Unit]
Description=brum hub: lasting connections to this user's brum instances
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=%s
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2 8

[Install]
WantedBy=default.target
`, strings.Join(words, " "))
}

// systemdWord quotes a word of a command; see systemd.syntax(7) and systemd.service(5).
func systemdWord(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '%' || r == '$':
			b.WriteRune(r)
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func (m *systemd) systemctl(ctx context.Context, args ...string) (string, error) {
	out, err := m.run(ctx, "systemctl", append([]string{"--user"}, args...)...)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", &UnavailableError{"systemd", "there is no systemctl", err}
	case err != nil && noUserManager(out):
		return "", &UnavailableError{"systemd", "it does not manage this user's services (" + quoted(out) + ")", err}
	}
	return out, err
}

// noUserManager reports whether systemctl said that there is nothing to talk to. It has no
// exit code for that.
func noUserManager(out string) bool {
	return strings.Contains(out, "Failed to connect to") || strings.Contains(out, "not been booted with systemd")
}

func (m *systemd) Install(ctx context.Context, s Spec) (Status, error) {
	// Ask first, so as not to leave a file that nobody reads.
	if _, err := m.systemctl(ctx, "daemon-reload"); err != nil {
		return Status{}, err
	}
	if err := write(m.file(), []byte(systemdUnit(s))); err != nil {
		return Status{}, fmt.Errorf("unit file: %w", err)
	}
	for _, args := range [][]string{{"daemon-reload"}, {"enable", unit}, {"restart", unit}} {
		if _, err := m.systemctl(ctx, args...); err != nil {
			return Status{}, err
		}
	}
	return m.Status(ctx)
}

func (m *systemd) Uninstall(ctx context.Context) (Status, error) {
	there, err := exists(m.file())
	if err != nil || !there {
		return Status{State: NotInstalled, Manager: "systemd", File: m.file()}, err
	}
	if _, err := m.systemctl(ctx, "disable", "--now", unit); err != nil {
		return Status{}, err
	}
	if err := remove(m.file()); err != nil {
		return Status{}, fmt.Errorf("unit file: %w", err)
	}
	if _, err := m.systemctl(ctx, "daemon-reload"); err != nil {
		return Status{}, err
	}
	return m.Status(ctx)
}

func (m *systemd) Status(ctx context.Context) (Status, error) {
	st := Status{State: NotInstalled, Manager: "systemd", File: m.file()}
	there, err := exists(m.file())
	if err != nil || !there {
		return st, err
	}
	out, err := m.systemctl(ctx, "show", unit, "--property=ActiveState,SubState,Result")
	if err != nil {
		return st, err
	}
	st.State = Stopped
	properties := make(map[string]string)
	for line := range strings.Lines(out) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			properties[key] = value
		}
	}
	if properties["ActiveState"] == "active" {
		st.State = Running
	}
	st.Detail = strings.TrimSpace(properties["ActiveState"] + " " + properties["SubState"])
	if r := properties["Result"]; r != "" && r != "success" {
		st.Detail += ", last ended by " + r
	}
	return st, nil
}
