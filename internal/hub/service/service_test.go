package service

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"
)

var spec = Spec{
	Program: "/opt/some dir/brum-hub",
	Args:    []string{"serve", "--state-dir=/home/a b/100%/$x", `--socket=/run/"q"\s`},
	Log:     "/home/a b/hub.log",
}

func TestSystemdWord(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"plain", `"plain"`},
		{"two words", `"two words"`},
		{`a"b\c`, `"a\"b\\c"`},
		{"100% of $HOME", `"100%% of $$HOME"`},
		{"line\nbreak", `"line\x0abreak"`},
		{"größe", `"größe"`},
	} {
		if got := systemdWord(tt.in); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.in, got, tt.want)
		}
	}
}

// arguments splits a command line by the rules that Microsoft documents for C programs
// ("Parsing C command-line arguments").
func arguments(line string) (all []string) {
	var word strings.Builder
	quoted, begun := false, false
	for i := 0; i < len(line); {
		slashes := 0
		for i < len(line) && line[i] == '\\' {
			slashes++
			i++
		}
		if i < len(line) && line[i] == '"' {
			word.WriteString(strings.Repeat(`\`, slashes/2))
			begun = true
			if slashes%2 == 1 {
				word.WriteByte('"')
			} else {
				quoted = !quoted
			}
			i++
			continue
		}
		word.WriteString(strings.Repeat(`\`, slashes))
		begun = begun || slashes > 0
		if i == len(line) {
			break
		}
		if line[i] == ' ' && !quoted {
			if begun {
				all = append(all, word.String())
			}
			word.Reset()
			begun = false
		} else {
			word.WriteByte(line[i])
			begun = true
		}
		i++
	}
	if begun {
		all = append(all, word.String())
	}
	return all
}

func TestWindowsWordsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a "\\]{0,8}`), 1, 4).Draw(t, "words")
		var line []string
		for _, w := range words {
			line = append(line, windowsWord(w))
		}
		if got := arguments(strings.Join(line, " ")); !slices.Equal(got, words) {
			t.Fatalf("%s: %q, want %q", line, got, words)
		}
	})
}

func TestTaskIsXMLOfUTF16(t *testing.T) {
	file := utf16File(taskXML(spec, `HOST\a & b`))
	if file[0] != 0xff || file[1] != 0xfe {
		t.Fatalf("begins with % x", file[:2])
	}
	units := make([]uint16, 0, len(file)/2)
	for i := 2; i < len(file); i += 2 {
		units = append(units, uint16(file[i])|uint16(file[i+1])<<8)
	}
	text := string(utf16.Decode(units))
	var task struct {
		Trigger  string `xml:"Triggers>LogonTrigger>UserId"`
		Limit    string `xml:"Settings>ExecutionTimeLimit"`
		Battery  string `xml:"Settings>DisallowStartIfOnBatteries"`
		Command  string `xml:"Actions>Exec>Command"`
		Argument string `xml:"Actions>Exec>Arguments"`
	}
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	if err := d.Decode(&task); err != nil {
		t.Fatal(err)
	}
	if task.Trigger != `HOST\a & b` || task.Limit != "PT0S" || task.Battery != "false" {
		t.Errorf("got %+v", task)
	}
	want := append([]string{"--headless", spec.Program}, spec.Args...)
	if got := arguments(task.Argument); !slices.Equal(got, want) {
		t.Errorf("runs %q, want %q", got, want)
	}
}

func TestAgentIsAPropertyList(t *testing.T) {
	var list struct {
		Strings []string `xml:"dict>array>string"`
		Keys    []string `xml:"dict>key"`
	}
	if err := xml.Unmarshal(launchdAgent(spec), &list); err != nil {
		t.Fatal(err)
	}
	if want := append([]string{spec.Program}, spec.Args...); !slices.Equal(list.Strings, want) {
		t.Errorf("runs %q, want %q", list.Strings, want)
	}
	for _, key := range []string{"Label", "RunAtLoad", "KeepAlive", "StandardErrorPath"} {
		if !slices.Contains(list.Keys, key) {
			t.Errorf("no %s", key)
		}
	}
}

// script answers like a manager's tools and writes down what was run.
type script struct {
	ran     []string
	answers map[string]answer // by command, without what follows an absolute path
}

type answer struct {
	out  string
	err  error
	once bool
}

func (s *script) run(_ context.Context, name string, args ...string) (string, error) {
	command := strings.Join(append([]string{name}, args...), " ")
	s.ran = append(s.ran, command)
	for prefix, a := range s.answers {
		if strings.HasPrefix(command, prefix) {
			if a.once {
				delete(s.answers, prefix)
			}
			return a.out, a.err
		}
	}
	return "", nil
}

// exited is the error of a real program that ended with that code.
func exited(t *testing.T, code int) error {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("SERVICE_TEST_EXIT=%d", code))
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != code {
		t.Fatalf("got %v, want code %d", err, code)
	}
	return &CommandError{Command: "tool", Err: err}
}

func TestMain(m *testing.M) {
	if code := os.Getenv("SERVICE_TEST_EXIT"); code != "" {
		n := 0
		fmt.Sscan(code, &n)
		os.Exit(n)
	}
	os.Exit(m.Run())
}

func TestSystemdInstallsAndUninstalls(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "systemd", "user")
	s := &script{answers: map[string]answer{"systemctl --user show": {out: "ActiveState=active\nSubState=running\nResult=success\n"}}}
	m := &systemd{dir: dir, run: s.run}
	st, err := m.Install(t.Context(), spec)
	if err != nil || st.State != Running || st.Detail != "active running" {
		t.Fatalf("%+v, %v", st, err)
	}
	if got, err := os.ReadFile(st.File); err != nil || string(got) != systemdUnit(spec) {
		t.Errorf("unit file: %q, %v", got, err)
	}
	if want := "systemctl --user enable brum-hub.service"; !slices.Contains(s.ran, want) {
		t.Errorf("ran %q, not %q", s.ran, want)
	}
	for range 2 { // the second time there is nothing to do
		if st, err = m.Uninstall(t.Context()); err != nil || st.State != NotInstalled {
			t.Fatalf("%+v, %v", st, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSystemdThatIsNotThere(t *testing.T) {
	for name, a := range map[string]answer{
		"no program": {err: &CommandError{Command: "systemctl", Err: exec.ErrNotFound}},
		"no manager": {out: "Failed to connect to bus: No medium found", err: exited(t, 1)},
	} {
		s := &script{answers: map[string]answer{"systemctl": a}}
		m := &systemd{dir: t.TempDir(), run: s.run}
		_, err := m.Install(t.Context(), spec)
		if _, ok := errors.AsType[*UnavailableError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(m.dir); len(left) > 0 {
			t.Errorf("%s: a file nobody reads: %v", name, left)
		}
	}
}

func TestSystemdTellsWhyItEnded(t *testing.T) {
	s := &script{answers: map[string]answer{"systemctl --user show": {out: "ActiveState=failed\nSubState=failed\nResult=exit-code\n"}}}
	m := &systemd{dir: t.TempDir(), run: s.run}
	if err := write(m.file(), nil); err != nil {
		t.Fatal(err)
	}
	st, err := m.Status(t.Context())
	if err != nil || st.State != Stopped || st.Detail != "failed failed, last ended by exit-code" {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestLaunchdReplacesWhatRuns(t *testing.T) {
	s := &script{answers: map[string]answer{
		"launchctl bootstrap": {err: exited(t, launchctlIOError), once: true}, // the old one is on its way out
		"launchctl print":     {out: "gui/501/com.standardbeagle.brum-hub = {\n\tstate = running\n\tsub = {\n\t\tstate = waiting\n\t}\n}\n"},
	}}
	m := &launchd{dir: t.TempDir(), uid: 501, run: s.run}
	st, err := m.Install(t.Context(), spec)
	if err != nil || st.State != Running {
		t.Fatalf("%+v, %v", st, err)
	}
	want := []string{
		"launchctl bootout gui/501/com.standardbeagle.brum-hub",
		"launchctl bootstrap gui/501 " + m.file(),
		"launchctl bootstrap gui/501 " + m.file(),
		"launchctl print gui/501/com.standardbeagle.brum-hub",
	}
	if !slices.Equal(s.ran, want) {
		t.Errorf("ran %q, want %q", s.ran, want)
	}
	if st, err = m.Uninstall(t.Context()); err != nil || st.State != NotInstalled {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestLaunchdThatHasNotLoadedIt(t *testing.T) {
	s := &script{answers: map[string]answer{"launchctl": {err: exited(t, launchctlNotInDomain)}}}
	m := &launchd{dir: t.TempDir(), run: s.run}
	if err := write(m.file(), nil); err != nil {
		t.Fatal(err)
	}
	if st, err := m.Status(t.Context()); err != nil || st.State != Stopped {
		t.Errorf("%+v, %v", st, err)
	}
	if st, err := m.Uninstall(t.Context()); err != nil || st.State != NotInstalled {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestTaskSchedulerInstallsAndUninstalls(t *testing.T) {
	s := &script{answers: map[string]answer{"powershell.exe": {out: "4\r\n"}}}
	m := &taskScheduler{user: "me", dir: t.TempDir(), run: s.run}
	st, err := m.Install(t.Context(), spec)
	if err != nil || st.State != Running {
		t.Fatalf("%+v, %v", st, err)
	}
	if left, _ := os.ReadDir(m.dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	s.answers["schtasks.exe /Query"] = answer{err: exited(t, 1)}
	if st, err = m.Uninstall(t.Context()); err != nil || st.State != NotInstalled {
		t.Errorf("%+v, %v", st, err)
	}
	if slices.ContainsFunc(s.ran, func(c string) bool { return strings.Contains(c, "/Delete") }) {
		t.Errorf("removed what is not there: %q", s.ran)
	}
}

func TestTaskWhoseStateNobodyTells(t *testing.T) {
	s := &script{answers: map[string]answer{"powershell.exe": {err: exited(t, 9)}}}
	m := &taskScheduler{run: s.run}
	if st, err := m.Status(t.Context()); err != nil || st.State != Installed {
		t.Errorf("%+v, %v", st, err)
	}
	for number, want := range map[string]State{"3": Stopped, "4": Running, "17": Installed, "": Installed} {
		if got, _ := taskState(number); got != want {
			t.Errorf("%q: %s, want %s", number, got, want)
		}
	}
}

func TestRunQuotesWhatFailed(t *testing.T) {
	t.Setenv("SERVICE_TEST_EXIT", "3")
	_, err := run(t.Context(), os.Args[0])
	if !exitedWith(err, 3) || exitedWith(err, 1) {
		t.Errorf("got %v", err)
	}
	if _, err := run(t.Context(), "there-is-no-such-tool"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestRetriedGivesUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := retried(ctx, func() error { return exited(t, 5) }, 5); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := retried(t.Context(), func() error { return exited(t, 7) }, 5); !exitedWith(err, 7) {
		t.Errorf("got %v", err)
	}
}
