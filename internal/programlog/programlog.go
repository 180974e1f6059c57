// Package programlog makes the logs of brum's own programs.
package programlog

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/standardbeagle/brum/internal/terminal"
)

// EnvLevel is the environment variable that sets the level where no flag does.
const EnvLevel = "BRUM_LOG_LEVEL"

// Levels are the names of levels, from the one that tells most.
var Levels = []string{"debug", "info", "warn", "error"}

// ParseLevel reads one of Levels, in any case.
func ParseLevel(s string) (slog.Level, error) {
	for _, name := range Levels {
		if strings.EqualFold(s, name) {
			var l slog.Level
			err := l.UnmarshalText([]byte(name))
			return l, err
		}
	}
	return 0, fmt.Errorf("level %q: want %s", s, strings.Join(Levels, ", "))
}

// DefaultLevel is what the environment says, else info. What the environment says is not
// checked here, but like a flag's value.
func DefaultLevel() string {
	if s := os.Getenv(EnvLevel); s != "" {
		return s
	}
	return "info"
}

// Log is a program's log, whose level can be changed while it runs.
type Log struct {
	*slog.Logger
	level   *slog.LevelVar
	initial slog.Level
}

// New writes text to terminals and JSON elsewhere.
func New(w io.Writer, level slog.Level) *Log {
	v := new(slog.LevelVar)
	v.Set(level)
	options := &slog.HandlerOptions{Level: v}
	var h slog.Handler = slog.NewJSONHandler(w, options)
	if terminal.Is(w) {
		options.ReplaceAttr = timeOfDay
		h = slog.NewTextHandler(w, options)
	}
	return &Log{slog.New(h), v, level}
}

// timeOfDay shortens the time of a record for those who look on.
func timeOfDay(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		a.Value = slog.StringValue(a.Value.Time().Local().Format("15:04:05.000"))
	}
	return a
}

// Level is the one in force.
func (l *Log) Level() slog.Level { return l.level.Level() }

// SetLevel changes it, and says so in the log. It may be called concurrently.
func (l *Log) SetLevel(to slog.Level) {
	from := l.level.Level()
	l.level.Set(min(from, to)) // so that the line below is not lost
	l.Logger.Log(context.Background(), max(from, slog.LevelInfo), "log level changed", "from", name(from), "to", name(to))
	l.level.Set(to)
}

// Toggle switches between debug and the level that the program began with.
func (l *Log) Toggle() {
	if l.Level() == slog.LevelDebug {
		l.SetLevel(max(l.initial, slog.LevelInfo))
		return
	}
	l.SetLevel(slog.LevelDebug)
}

func name(l slog.Level) string { return strings.ToLower(l.String()) }
