package service

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

// taskScheduler is the manager of tasks on Windows.
type taskScheduler struct {
	user string // whose logon starts the task
	dir  string // where the description is kept for a moment
	run  runner
}

func newTaskScheduler(run runner) (*taskScheduler, error) {
	u, err := user.Current()
	if err != nil {
		return nil, err
	}
	return &taskScheduler{user: u.Username, dir: os.TempDir(), run: run}, nil
}

const task = `\` + Name

// taskXML describes the service; see the Task Scheduler Schema of Microsoft. The settings
// undo defaults that are meant for chores: to end after three days, and not to run on
// batteries. A console program gets a window; conhost --headless keeps it from being shown.
func taskXML(s Spec, user string) string {
	words := []string{"--headless", windowsWord(s.Program)}
	for _, a := range s.Args {
		words = append(words, windowsWord(a))
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>brum hub: lasting connections to this user's brum instances</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>%[1]s</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>%[1]s</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Hidden>true</Hidden>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>%%SystemRoot%%\System32\conhost.exe</Command>
      <Arguments>%[2]s</Arguments>
    </Exec>
  </Actions>
</Task>
`, escaped(user), escaped(strings.Join(words, " ")))
}

// windowsWord quotes a word as CommandLineToArgvW undoes it.
func windowsWord(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	slashes := 0
	for i := range len(s) {
		switch s[i] {
		case '\\':
			slashes++
			continue
		case '"':
			b.WriteString(strings.Repeat(`\`, 2*slashes+1))
		default:
			b.WriteString(strings.Repeat(`\`, slashes))
		}
		slashes = 0
		b.WriteByte(s[i])
	}
	b.WriteString(strings.Repeat(`\`, 2*slashes)) // before the closing quote
	b.WriteByte('"')
	return b.String()
}

// utf16File is a text as schtasks reads files.
func utf16File(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(strings.ReplaceAll(s, "\n", "\r\n"))) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func (m *taskScheduler) schtasks(ctx context.Context, args ...string) (string, error) {
	out, err := m.run(ctx, "schtasks.exe", args...)
	if errors.Is(err, exec.ErrNotFound) {
		return "", &UnavailableError{"Task Scheduler", "there is no schtasks", err}
	}
	return out, err
}

func (m *taskScheduler) Install(ctx context.Context, s Spec) (Status, error) {
	file := filepath.Join(m.dir, fmt.Sprintf("%s-%d.xml", Name, os.Getpid()))
	if err := write(file, utf16File(taskXML(s, m.user))); err != nil {
		return Status{}, fmt.Errorf("task file: %w", err)
	}
	defer os.Remove(file)
	if _, err := m.schtasks(ctx, "/Create", "/TN", task, "/XML", file, "/F"); err != nil {
		return Status{}, err
	}
	if _, err := m.schtasks(ctx, "/Run", "/TN", task); err != nil {
		return Status{}, err
	}
	return m.Status(ctx)
}

func (m *taskScheduler) Uninstall(ctx context.Context) (Status, error) {
	st, err := m.Status(ctx)
	if err != nil || st.State == NotInstalled {
		return st, err
	}
	if _, err := m.schtasks(ctx, "/End", "/TN", task); err != nil && !exitedWith(err, 1) {
		return st, err // 1: it does not run
	}
	if _, err := m.schtasks(ctx, "/Delete", "/TN", task, "/F"); err != nil {
		return st, err
	}
	return m.Status(ctx)
}

// Status asks PowerShell how the task is doing, since schtasks answers in the words of the
// system's language.
func (m *taskScheduler) Status(ctx context.Context) (Status, error) {
	st := Status{State: NotInstalled, Manager: "Task Scheduler", File: task}
	_, err := m.schtasks(ctx, "/Query", "/TN", task)
	if exitedWith(err, 1) {
		return st, nil // there is no such task
	}
	if err != nil {
		return st, err
	}
	out, err := m.run(ctx, "powershell.exe", "-NoProfile", "-NonInteractive", "-Command",
		"[int](Get-ScheduledTask -TaskPath '\\' -TaskName '"+Name+"').State")
	if err != nil {
		st.State, st.Detail = Installed, err.Error()
		return st, nil
	}
	st.State, st.Detail = taskState(strings.TrimSpace(out))
	return st, nil
}

// taskState reads a TASK_STATE of the Task Scheduler.
func taskState(number string) (State, string) {
	switch number {
	case "1":
		return Stopped, "disabled"
	case "2":
		return Stopped, "queued"
	case "3":
		return Stopped, "ready"
	case "4":
		return Running, "running"
	}
	return Installed, "state " + quoted(number)
}
