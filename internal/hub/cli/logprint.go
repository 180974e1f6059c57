package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/standardbeagle/brum/internal/logstore"
	"github.com/standardbeagle/brum/internal/terminal"
)

// logPrinter prints pages of log lines.
type logPrinter struct {
	app    *app
	asJSON bool
	single bool // lines of one process: no need to say of which
	shown  bool // on a terminal
	colour bool // which is to have colours
}

func (a *app) logPrinter(f logsFlags) *logPrinter {
	return &logPrinter{app: a, asJSON: f.asJSON, single: f.process != "", shown: terminal.Is(a.Out), colour: terminal.PaletteFor(a.Out).Colours()}
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
	case g.AtLeast && g.Lines == 0:
		p.note("lines may be missing here")
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

// text is a line as a terminal, or a file, should get it: a terminal keeps colours if they are
// wanted, but no other control sequence; a file gets the line as the process wrote it.
func (p *logPrinter) text(s string) string {
	if !p.shown {
		return s
	}
	return calmed(s, p.colour)
}

// calmed removes control sequences, except, if colours are wanted, those that set them, and
// single control characters.
// Those of C1 are among them: to many terminals U+009B is as good as ESC [.
func calmed(s string, colours bool) string {
	var b strings.Builder
	for len(s) > 0 {
		if n := colourLen(s); n > 0 {
			if colours {
				b.WriteString(s[:n])
			}
			s = s[n:]
			continue
		}
		if s[0] == '\x1b' {
			s = s[logstore.EscapeLen(s):]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1: // no text: the byte might be a control character of C1
			b.WriteRune(r)
		case r == '\t' || r >= ' ' && r < 0x7f || r > 0x9f:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// calmedLines is calmed for a text of several lines.
func calmedLines(s string, colours bool) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = calmed(line, colours)
	}
	return strings.Join(lines, "\n")
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
