package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
)

// logPrinter prints pages of log lines.
type logPrinter struct {
	app    *app
	asJSON bool
	single bool // lines of one process: no need to say of which
	colour bool
}

func (a *app) logPrinter(f logsFlags) *logPrinter {
	return &logPrinter{app: a, asJSON: f.asJSON, single: f.process != "", colour: isTerminal(a.Out)}
}

// logRecord is a line of --json; one field is set.
type logRecord struct {
	Line   *logLine `json:"line,omitempty"`
	Gap    *gap     `json:"gap,omitempty"`
	Cursor string   `json:"cursor,omitempty"` // after each page
	Note   string   `json:"note,omitempty"`
}

// gap says that lines are missing here.
type gap struct {
	Lines   uint64 `json:"lines"`
	AtLeast bool   `json:"at_least,omitempty"` // nobody knows how many more
	Restart bool   `json:"restart,omitempty"`  // of the instance
}

func (p *logPrinter) page(page *logPage) error {
	out := bufio.NewWriter(p.app.Out)
	if page.Gap > 0 || page.GapUnknown || page.Restart {
		p.gap(gap{page.Gap, page.GapUnknown, page.Restart})
	}
	for i := range page.Lines {
		p.line(out, &page.Lines[i])
	}
	if p.asJSON {
		encode(out, logRecord{Cursor: page.Cursor})
	}
	return out.Flush()
}

func (p *logPrinter) line(out *bufio.Writer, l *logLine) {
	switch {
	case p.asJSON:
		encode(out, logRecord{Line: l})
	case p.single:
		fmt.Fprintln(out, p.text(l.Text))
	default:
		fmt.Fprintf(out, "%s | %s\n", plain(l.ProcessID), p.text(l.Text))
	}
}

// encode writes to a buffer, whose Flush tells of errors.
func encode(out *bufio.Writer, rec logRecord) { _ = json.NewEncoder(out).Encode(rec) }

func (p *logPrinter) gap(g gap) {
	if p.asJSON {
		_ = json.NewEncoder(p.app.Out).Encode(logRecord{Gap: &g})
		return
	}
	switch {
	case g.Restart:
		p.note("the instance was restarted; lines of before may be missing")
	case g.AtLeast:
		p.note("%d lines or more are missing here", g.Lines)
	default:
		p.note("%d lines are missing here: they were dropped before they were read", g.Lines)
	}
}

// note tells people something that is no line.
func (p *logPrinter) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.asJSON {
		_ = json.NewEncoder(p.app.Out).Encode(logRecord{Note: text})
		return
	}
	fmt.Fprintf(p.app.Err, "brum-hub: %s\n", text)
}

// text is a line as a terminal, or a file, should get it: a terminal keeps colours, but no other
// control sequence; a file gets the line as the process wrote it.
func (p *logPrinter) text(s string) string {
	if !p.colour {
		return s
	}
	return keepColours(s)
}

// keepColours removes control characters, except of sequences that set colours.
func keepColours(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		if n := colourLen(s); n > 0 {
			b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		r := s[0]
		if r == '\t' || (r >= ' ' && r != 0x7f) {
			b.WriteByte(r)
		}
		s = s[1:]
	}
	return b.String()
}

// colourLen is the length of the colour sequence that s begins with, 0 if there is none.
func colourLen(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case (c < '0' || c > '9') && c != ';' && c != ':':
			return 0
		}
	}
	return 0
}
