package programlog

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestParseLevel(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want slog.Level
	}{{"debug", slog.LevelDebug}, {"INFO", slog.LevelInfo}, {"Warn", slog.LevelWarn}, {"error", slog.LevelError}} {
		if got, err := ParseLevel(tt.in); err != nil || got != tt.want {
			t.Errorf("%q: %v, %v", tt.in, got, err)
		}
	}
	for _, bad := range []string{"", "loud", "info+2", "warning"} {
		if _, err := ParseLevel(bad); err == nil || !strings.Contains(err.Error(), "debug, info, warn, error") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestDefaultLevelIsTheEnvironments(t *testing.T) {
	t.Setenv(EnvLevel, "")
	if got := DefaultLevel(); got != "info" {
		t.Errorf("got %q", got)
	}
	t.Setenv(EnvLevel, "warn")
	if got := DefaultLevel(); got != "warn" {
		t.Errorf("got %q", got)
	}
}

// records decodes a log's lines: elsewhere than on terminals they are JSON.
func records(t *testing.T, b *bytes.Buffer) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(b.String()) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

func TestLevelChangesWhileItRuns(t *testing.T) {
	var b bytes.Buffer
	l := New(&b, slog.LevelWarn)
	derived := l.With("instance", "web") // made before the change, like most
	derived.Info("unheard")
	l.SetLevel(slog.LevelDebug)
	derived.Debug("heard")
	l.SetLevel(slog.LevelError)
	derived.Warn("unheard")

	var told []string
	for _, r := range records(t, &b) {
		told = append(told, r["msg"].(string))
	}
	if want := "log level changed,heard,log level changed"; strings.Join(told, ",") != want {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestToggle(t *testing.T) {
	for _, tt := range []struct{ initial, after, again slog.Level }{
		{slog.LevelWarn, slog.LevelDebug, slog.LevelWarn},
		{slog.LevelDebug, slog.LevelInfo, slog.LevelDebug},
	} {
		l := New(new(bytes.Buffer), tt.initial)
		l.Toggle()
		if l.Level() != tt.after {
			t.Errorf("%v: toggled to %v", tt.initial, l.Level())
		}
		l.Toggle()
		if l.Level() != tt.again {
			t.Errorf("%v: toggled back to %v", tt.initial, l.Level())
		}
	}
}

func TestTimeOfDayIsForTheRecordOnly(t *testing.T) {
	a := slog.String("time", "kept")
	if got := timeOfDay(nil, a); !got.Equal(a) {
		t.Errorf("changed to %v", got)
	}
}

func TestMain(m *testing.M) {
	if os.Getenv("PROGRAMLOG_TEST") != "" {
		writeToNobody()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// writeToNobody makes the test binary a program that writes where nobody reads, and says so if
// it lives on.
func writeToNobody() {
	if os.Getenv("PROGRAMLOG_TEST") == "outlive" {
		defer OutliveReaders()()
	}
	if _, err := os.Stderr.WriteString("unread\n"); err != nil {
		os.Stdout.WriteString("alive")
	}
}
