package instance

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/standardbeagle/brum/internal/logstore"
)

// maxQuery bounds the pattern of a search, in bytes.
const maxQuery = 4 << 10

// LogLine is one line of output.
type LogLine struct {
	Seq       uint64    `json:"seq" jsonschema:"number within its process, from 1 and without holes"`
	Process   string    `json:"process" jsonschema:"the script's name"`
	ProcessID string    `json:"processId"`
	Time      time.Time `json:"time"`
	Stream    string    `json:"stream" jsonschema:"stdout, stderr, or system for exits and restarts"`
	Level     string    `json:"level" jsonschema:"error, warn, info or debug, as far as the line tells"`
	Text      string    `json:"text" jsonschema:"as printed, colour sequences included"`
	Continued bool      `json:"continued,omitempty" jsonschema:"the line was too long and goes on in the next"`
}

// LogsStreamInput selects lines.
type LogsStreamInput struct {
	ProcessID string `json:"processId,omitempty" jsonschema:"a process id, or a script's name for its latest process and those that follow; default: all"`
	Level     string `json:"level,omitempty" jsonschema:"least severe level wanted: error, warn, info, debug or all"`
	Follow    bool   `json:"follow,omitempty" jsonschema:"wait up to 20 s for a first line"`
	Limit     int    `json:"limit,omitempty" jsonschema:"most lines in the answer, default 100"`
	Cursor    string `json:"cursor,omitempty" jsonschema:"read on after this; it belongs to the processId it was returned for"`
}

// LogsStreamOutput is a page of lines.
type LogsStreamOutput struct {
	Lines      []LogLine `json:"lines"`
	Cursor     string    `json:"cursor" jsonschema:"where to read on"`
	Gap        uint64    `json:"gap" jsonschema:"lines after the given cursor that were dropped unread, of any level"`
	GapUnknown bool      `json:"gapUnknown,omitempty" jsonschema:"more than gap may have been lost"`
	Restart    bool      `json:"restart,omitempty" jsonschema:"the instance was restarted since the given cursor; these lines are the new one's from its start"`
	More       bool      `json:"more" jsonschema:"there are lines after cursor already"`
	Ended      bool      `json:"ended,omitempty" jsonschema:"the process has ended and these were its last lines"`
}

func (t *Tools) logsStream(ctx context.Context, _ *mcp.CallToolRequest, in LogsStreamInput) (*mcp.CallToolResult, LogsStreamOutput, error) {
	ctx, cancel := t.bound(ctx)
	defer cancel()
	level, err := logstore.ParseLevel(in.Level)
	if err != nil {
		return nil, LogsStreamOutput{}, err
	}
	q := logstore.Query{Process: in.ProcessID, Level: level, Cursor: in.Cursor, Limit: in.Limit}
	if in.Follow {
		q.Wait = followWait
	}
	p, err := t.Logs.Read(ctx, q)
	if err != nil {
		return nil, LogsStreamOutput{}, t.explain(err)
	}
	out := LogsStreamOutput{
		Lines: logLines(p.Lines), Cursor: p.Cursor, Gap: p.Gap, GapUnknown: p.GapUnknown,
		Restart: p.Restarted, More: p.More, Ended: p.Ended,
	}
	return textResult(out.text()), out, nil
}

// LogsSearchInput says what to look for.
type LogsSearchInput struct {
	Query     string `json:"query" jsonschema:"text to look for, in any case; with regex a Go regular expression (RE2)"`
	Regex     bool   `json:"regex,omitempty"`
	Level     string `json:"level,omitempty" jsonschema:"least severe level wanted: error, warn, info, debug or all"`
	ProcessID string `json:"processId,omitempty" jsonschema:"a process id, or a script's name for all its processes; default: all"`
	Since     string `json:"since,omitempty" jsonschema:"only lines since this time (RFC 3339) or for this long (such as 10m)"`
	Limit     int    `json:"limit,omitempty" jsonschema:"most lines in the answer, default 100"`
}

// LogsSearchOutput holds the newest matches, oldest first.
type LogsSearchOutput struct {
	Lines []LogLine `json:"lines"`
	More  bool      `json:"more" jsonschema:"there are older matches"`
}

func (t *Tools) logsSearch(ctx context.Context, _ *mcp.CallToolRequest, in LogsSearchInput) (*mcp.CallToolResult, LogsSearchOutput, error) {
	ctx, cancel := t.bound(ctx)
	defer cancel()
	q, err := in.search(time.Now())
	if err != nil {
		return nil, LogsSearchOutput{}, err
	}
	found, err := t.Logs.Search(ctx, q)
	if err != nil {
		return nil, LogsSearchOutput{}, t.explain(err)
	}
	out := LogsSearchOutput{Lines: logLines(found.Lines), More: found.More}
	return textResult(out.text()), out, nil
}

func (in *LogsSearchInput) search(now time.Time) (logstore.Search, error) {
	q := logstore.Search{Process: in.ProcessID, Limit: in.Limit}
	if len(in.Query) > maxQuery {
		return q, fmt.Errorf("the query has %d bytes, at most %d are allowed", len(in.Query), maxQuery)
	}
	pattern := in.Query
	if !in.Regex {
		pattern = "(?i)" + regexp.QuoteMeta(in.Query)
	}
	var err error
	if q.Pattern, err = regexp.Compile(pattern); err != nil {
		return q, fmt.Errorf("query: %w", err)
	}
	if q.Level, err = logstore.ParseLevel(in.Level); err != nil {
		return q, err
	}
	q.Since, err = parseSince(in.Since, now)
	return q, err
}

// parseSince reads a time, or a duration back from now.
func parseSince(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d.Abs()), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("since %q: want a time like %s or a duration like 10m", s, time.RFC3339)
	}
	return at, nil
}

// explain adds to an error what would have been right.
func (t *Tools) explain(err error) error {
	if errors.Is(err, logstore.ErrUnknownProcess) {
		return fmt.Errorf("%w (%s)", err, t.known())
	}
	return err
}

func logLines(lines []logstore.Line) []LogLine {
	out := make([]LogLine, len(lines))
	for i, l := range lines {
		out[i] = LogLine{
			Seq: l.Seq, Process: l.Process, ProcessID: l.ProcessID, Time: l.Time, Stream: l.Stream.String(),
			Level: l.Level.String(), Continued: l.Continued, Text: strings.ToValidUTF8(l.Text, "\uFFFD"),
		}
	}
	return out
}

func textResult(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
}

func (o *LogsStreamOutput) text() string {
	var b strings.Builder
	if o.Restart {
		b.WriteString("(the instance was restarted since that cursor; earlier lines are lost)\n")
	}
	switch {
	case o.Gap > 0 && o.GapUnknown:
		fmt.Fprintf(&b, "(%d lines or more were dropped unread)\n", o.Gap)
	case o.GapUnknown && !o.Restart:
		b.WriteString("(lines may be missing here)\n")
	case o.Gap > 0:
		fmt.Fprintf(&b, "(%d lines were dropped unread)\n", o.Gap)
	}
	writeLines(&b, o.Lines)
	if o.Ended {
		b.WriteString("(the process has ended)\n")
	}
	if o.More {
		b.WriteString("(there is more after the cursor)\n")
	}
	fmt.Fprintf(&b, "cursor: %s", o.Cursor)
	return b.String()
}

func (o *LogsSearchOutput) text() string {
	var b strings.Builder
	if o.More {
		b.WriteString("(there are older matches)\n")
	}
	writeLines(&b, o.Lines)
	if len(o.Lines) == 0 {
		b.WriteString("(no match)")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// writeLines prints lines for people and models: without colours and control
// characters.
func writeLines(b *strings.Builder, lines []LogLine) {
	for _, l := range lines {
		text := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\t' {
				return -1
			}
			return r
		}, logstore.Plain(l.Text))
		fmt.Fprintf(b, "%s %s %-5s %s\n", l.Time.Format("15:04:05.000"), l.ProcessID, l.Level, text)
	}
}
