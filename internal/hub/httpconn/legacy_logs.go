package httpconn

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// An existing brummer has no cursors: it returns its last lines, as many as one asks for.
// Each has an id that ends in the nanosecond it was written in, in the order of the list. So
// that time is a cursor which needs no memory here, and no line is told twice or left out
// unless more than the 10 000 that brummer keeps were written between two questions.

const (
	logTool  = "logs_stream"
	logKept  = 10_000 // lines that an existing brummer keeps
	logLimit = 100    // lines in an answer, by default

	logWait  = 20 * time.Second       // how long a follow waits for a first line
	logPause = 500 * time.Millisecond // between its questions
	logTries = 10 * time.Second       // bounds one question
)

const logHelp = "Read output lines. Without a cursor: the last lines. With the cursor of an earlier answer: " +
	"what came after it. With follow it waits up to 20 s for a first line. (The hub makes these answers of brummer's own.)"

const logSchema = `{"type":"object","properties":{
	"processId":{"type":"string","description":"a process id, or a script's name; default: all"},
	"level":{"type":"string","description":"least severe level wanted: error, warn, info, debug or all"},
	"follow":{"type":"boolean","description":"wait up to 20 s for a first line"},
	"limit":{"type":"integer","description":"most lines in the answer, default 100"},
	"cursor":{"type":"string","description":"read on after this"},
	"output_file":{"type":"string","description":"have brummer write the lines to this file; then its own answer is returned"}}}`

// logQuery is what logs_stream takes.
type logQuery struct {
	Process string `json:"processId"`
	Level   string `json:"level"`
	Follow  bool   `json:"follow"`
	Limit   int    `json:"limit"`
	Cursor  string `json:"cursor"`
	File    string `json:"output_file"`
}

// logQueryFrom reads a call that is to be answered here.
func logQueryFrom(tool string, arguments json.RawMessage) (q logQuery, ok bool) {
	if tool != logTool || json.Unmarshal(arguments, &q) != nil || q.File != "" {
		return q, false
	}
	if q.Limit <= 0 {
		q.Limit = logLimit
	}
	q.Limit = min(q.Limit, logKept)
	return q, true
}

// OnlyReads reports whether the call is answered by nothing but reading an existing brummer's
// log.
func OnlyReads(tool string, arguments json.RawMessage) bool {
	_, ok := logQueryFrom(tool, arguments)
	return ok
}

// logPage has the form of a brum-instance's answer.
type logPage struct {
	Lines      []logLine `json:"lines"`
	Cursor     string    `json:"cursor"`
	Gap        uint64    `json:"gap"`
	GapUnknown bool      `json:"gapUnknown,omitempty"`
	Restart    bool      `json:"restart,omitempty"`
	More       bool      `json:"more"`
}

type logLine struct {
	Seq       uint64    `json:"seq"`
	Process   string    `json:"process"`
	ProcessID string    `json:"processId"`
	Time      time.Time `json:"time"`
	Stream    string    `json:"stream"`
	Level     string    `json:"level"`
	Text      string    `json:"text"`
}

// readLog answers logs_stream.
func (l *legacyConn) readLog(ctx context.Context, q logQuery) (json.RawMessage, error) {
	least := slices.Index(legacyLevels, q.Level)
	if least < 0 && q.Level != "" && q.Level != "all" {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: fmt.Sprintf("level %.100q: want error, warn, info, debug or all", q.Level)}
	}
	var from cursor
	restarted := false
	if q.Cursor != "" {
		var err error
		if from, err = parseCursor(q.Cursor); err != nil {
			return nil, err
		}
		if restarted = from.instance != l.conn.cfg.Life; restarted {
			from = cursor{}
		}
	}
	from.instance = l.conn.cfg.Life
	deadline := time.Now().Add(logWait)
	for {
		page, err := l.readPage(ctx, q, from, max(least, 0))
		if err != nil {
			return nil, err
		}
		page.Restart = restarted
		if len(page.Lines) > 0 || !q.Follow || page.More || restarted || page.GapUnknown || time.Now().After(deadline) {
			return pageResult(page)
		}
		if from, err = parseCursor(page.Cursor); err != nil {
			return nil, err
		}
		q.Cursor = page.Cursor
		select {
		case <-time.After(logPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// readPage asks once.
func (l *legacyConn) readPage(ctx context.Context, q logQuery, from cursor, least int) (*logPage, error) {
	known, whole, err := l.lastLines(ctx, q, from)
	if err != nil {
		return nil, err
	}
	page := &logPage{Lines: []logLine{}}
	if q.Cursor != "" {
		page.GapUnknown = !whole
		known = after(known, from)
	}
	to := from
	var wanted []logLine
	var ends []cursor
	for i := range known {
		line := &known[i]
		if at := line.at; at > to.at {
			to.at, to.same = at, 1
		} else {
			to.same++
		}
		if line.level() >= least && (q.Process == "" || q.Process == line.ProcessID || q.Process == line.Process) {
			wanted, ends = append(wanted, line.told()), append(ends, to)
		}
	}
	page.Cursor = to.String()
	switch {
	case len(wanted) <= q.Limit:
		page.Lines = append(page.Lines, wanted...)
	case q.Cursor == "":
		page.Lines = wanted[len(wanted)-q.Limit:]
	default:
		page.Lines, page.More = wanted[:q.Limit], true
		page.Cursor = ends[q.Limit-1].String()
	}
	return page, nil
}

// lastLines asks for as many lines as it takes to reach back to from; whole says that they do,
// or are all there are. Without a cursor it takes what the query wants, and all if that selects.
func (l *legacyConn) lastLines(ctx context.Context, q logQuery, from cursor) (lines []legacyLine, whole bool, err error) {
	limit := min(q.Limit+8, l.conn.kept) // with those of the same time as the last
	switch {
	case q.Cursor != "":
		limit = logLimit
	case q.Process != "" || q.Level != "" && q.Level != "all":
		limit = l.conn.kept
	}
	for ; ; limit = min(limit*10, l.conn.kept) {
		if lines, err = l.askLines(ctx, limit); err != nil {
			return nil, false, err
		}
		reached := len(lines) < limit || q.Cursor == "" || lines[0].at < from.at // which leaves none of its time out
		if reached || limit >= l.conn.kept {
			return lines, reached, nil
		}
	}
}

func (l *legacyConn) askLines(ctx context.Context, limit int) ([]legacyLine, error) {
	ctx, cancel := context.WithTimeout(ctx, logTries)
	defer cancel()
	params := fmt.Appendf(nil, `{"name":%q,"arguments":{"follow":false,"limit":%d}}`, logTool, limit)
	raw, err := l.ask(ctx, "tools/call", params)
	if err != nil {
		return nil, err
	}
	var lines []legacyLine
	if err := json.Unmarshal(raw, &lines); err != nil {
		return nil, fmt.Errorf("%s: the lines are not understood: %w", logTool, err)
	}
	for i := range lines {
		lines[i].at = lines[i].written()
	}
	slices.SortStableFunc(lines, func(a, b legacyLine) int { return cmp.Compare(a.at, b.at) })
	return lines, nil
}

// pageResult is a page as a CallToolResult: lines for people, and all of it for programs.
func pageResult(p *logPage) (json.RawMessage, error) {
	structured, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	if p.Restart {
		b.WriteString("(the instance was restarted since that cursor; earlier lines are lost)\n")
	}
	if p.GapUnknown {
		b.WriteString("(lines may be missing: more were written than brummer keeps)\n")
	}
	for _, l := range p.Lines {
		text := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\t' {
				return -1
			}
			return r
		}, l.Text)
		fmt.Fprintf(&b, "%s %s %-5s %s\n", l.Time.Format("15:04:05.000"), l.ProcessID, l.Level, text)
	}
	fmt.Fprintf(&b, "cursor: %s", p.Cursor)
	return json.Marshal(callResult{Content: []content{{"text", b.String()}}, Structured: structured})
}
