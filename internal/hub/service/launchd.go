package service

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// launchd is the manager of a user's agents on macOS.
type launchd struct {
	dir string // of the user's agents
	uid int
	run runner
}

const label = "com.standardbeagle.brum-hub"

func (m *launchd) file() string   { return filepath.Join(m.dir, label+".plist") }
func (m *launchd) domain() string { return "gui/" + strconv.Itoa(m.uid) }
func (m *launchd) target() string { return m.domain() + "/" + label }

// launchdAgent describes the service; see launchd.plist(5). It is started again after it
// failed, at most every ten seconds, which is launchd's own rule.
func launchdAgent(s Spec) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	b.WriteString(`<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>` + label + `</string>
	<key>ProgramArguments</key>
	<array>
`)
	for _, word := range append([]string{s.Program}, s.Args...) {
		b.WriteString("\t\t<string>" + escaped(word) + "</string>\n")
	}
	b.WriteString(`	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ProcessType</key>
	<string>Adaptive</string>
`)
	for _, key := range []string{"StandardOutPath", "StandardErrorPath"} {
		b.WriteString("\t<key>" + key + "</key>\n\t<string>" + escaped(s.Log) + "</string>\n")
	}
	b.WriteString("</dict>\n</plist>\n")
	return b.Bytes()
}

// escaped is a text within XML.
func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a Buffer does not fail
	return b.String()
}

// Codes of launchctl that say that there is no such service, or that it is on its way out.
const (
	launchctlNoProcess    = 3
	launchctlIOError      = 5
	launchctlInProgress   = 36
	launchctlNotInDomain  = 113
	launchctlNoSuchDomain = 125
)

func (m *launchd) launchctl(ctx context.Context, args ...string) (string, error) {
	out, err := m.run(ctx, "launchctl", args...)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", &UnavailableError{"launchd", "there is no launchctl", err}
	case exitedWith(err, launchctlNoSuchDomain):
		return "", &UnavailableError{"launchd", "this user is not logged in at the screen", err}
	}
	return out, err
}

// leave takes the service out of its domain; that it is not there is no error.
func (m *launchd) leave(ctx context.Context) error {
	_, err := m.launchctl(ctx, "bootout", m.target())
	if exitedWith(err, launchctlNoProcess, launchctlNotInDomain, launchctlInProgress) {
		return nil
	}
	return err
}

func (m *launchd) Install(ctx context.Context, s Spec) (Status, error) {
	if err := m.leave(ctx); err != nil {
		return Status{}, err
	}
	if err := write(m.file(), launchdAgent(s)); err != nil {
		return Status{}, fmt.Errorf("agent file: %w", err)
	}
	err := retried(ctx, func() error {
		_, err := m.launchctl(ctx, "bootstrap", m.domain(), m.file())
		return err
	}, launchctlIOError, launchctlInProgress)
	if err != nil {
		return Status{}, err
	}
	return m.Status(ctx)
}

func (m *launchd) Uninstall(ctx context.Context) (Status, error) {
	there, err := exists(m.file())
	if err != nil || !there {
		return Status{State: NotInstalled, Manager: "launchd", File: m.file()}, err
	}
	if err := m.leave(ctx); err != nil {
		return Status{}, err
	}
	if err := remove(m.file()); err != nil {
		return Status{}, fmt.Errorf("agent file: %w", err)
	}
	return m.Status(ctx)
}

func (m *launchd) Status(ctx context.Context) (Status, error) {
	st := Status{State: NotInstalled, Manager: "launchd", File: m.file()}
	there, err := exists(m.file())
	if err != nil || !there {
		return st, err
	}
	st.State = Stopped
	out, err := m.launchctl(ctx, "print", m.target())
	if exitedWith(err, launchctlNotInDomain) {
		st.Detail = "not loaded"
		return st, nil
	}
	if err != nil {
		return st, err
	}
	// Of the service itself, which is indented once; parts of it may have states, too.
	for line := range strings.Lines(out) {
		if state, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "\tstate = "); ok {
			st.Detail = state
			if state == "running" {
				st.State = Running
			}
			break
		}
	}
	return st, nil
}
