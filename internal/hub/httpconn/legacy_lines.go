package httpconn

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// legacyLine is a line as an existing brummer tells it.
type legacyLine struct {
	ID        string    `json:"id"`
	ProcessID string    `json:"processId"`
	Process   string    `json:"processName"`
	Content   string    `json:"content"`
	Time      time.Time `json:"timestamp"`
	IsError   bool      `json:"isError"`
	Level     int       `json:"level"`

	at int64 // see written
}

// written is when the line was written, in nanoseconds, and its place in the order of lines.
func (l *legacyLine) written() int64 {
	if i := strings.LastIndexByte(l.ID, '-'); i >= 0 {
		if at, err := strconv.ParseInt(l.ID[i+1:], 10, 64); err == nil {
			return at
		}
	}
	return l.Time.UnixNano()
}

var legacyLevels = []string{"debug", "info", "warn", "error", "error"} // the last is "critical"

func (l *legacyLine) level() int { return min(max(l.Level, 0), len(legacyLevels)-1) }

// cursor says where a reader is: which instance, the time of its last line and how many lines
// of that time it has read.
type cursor struct {
	instance string
	at       int64
	same     int
}

func (c cursor) String() string { return fmt.Sprintf("h1.%s.%d.%d", c.instance, c.at, c.same) }

func parseCursor(s string) (c cursor, err error) {
	parts := strings.Split(s, ".")
	if len(parts) == 4 && parts[0] == "h1" {
		c.instance = parts[1]
		c.at, err = strconv.ParseInt(parts[2], 10, 64)
		if err == nil {
			c.same, err = strconv.Atoi(parts[3])
		}
		if err == nil {
			return c, nil
		}
	}
	return c, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: fmt.Sprintf("the cursor %.100q is not one of this instance", s)}
}

func (l *legacyLine) told() logLine {
	at := l.Time
	if precise := time.Unix(0, l.at); precise.Sub(at).Abs() < 2*time.Second { // the list has seconds
		at = precise
	}
	stream := "stdout"
	if l.IsError {
		stream = "stderr"
	}
	return logLine{Process: l.Process, ProcessID: l.ProcessID, Time: at, Stream: stream, Level: legacyLevels[l.level()], Text: l.Content}
}

// after leaves out what a reader at from has read.
func after(lines []legacyLine, from cursor) []legacyLine {
	i, read := 0, 0
	for ; i < len(lines); i++ {
		at := lines[i].at
		if at > from.at || at == from.at && read == from.same {
			break
		}
		if at == from.at {
			read++
		}
	}
	return lines[i:]
}
