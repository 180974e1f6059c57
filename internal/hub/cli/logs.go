package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/logstore"
)

// logsFlags say which lines are wanted.
type logsFlags struct {
	process    string
	follow     bool
	since      string
	tail       int
	level      string
	as         string
	asJSON     bool
	showCursor bool
}

const maxTail = 10_000

func (a *app) logsCommand() *cobra.Command {
	var f logsFlags
	cmd := &cobra.Command{
		Use:   "logs INSTANCE [PROCESS]",
		Short: "Print the output of an instance's processes",
		Long: "Prints output lines; PROCESS is a process id, or a script's name. With -f it goes on,\n" +
			"through outages and restarts of the hub, without losing or repeating a line. Lines that the\n" +
			"instance had to drop before they were read are counted on standard error.\n\n" +
			"--json prints records: {\"line\":…}, {\"gap\":…} where lines are missing, {\"note\":…}, and\n" +
			"{\"cursor\":…} after each page. A cursor is where to read on: give it to --since, with the\n" +
			"same PROCESS.\n\n" +
			"With --as NAME the hub keeps on disk how far this reader has got, and the next command\n" +
			"with that name begins behind the last line that was printed, whatever was restarted since.\n" +
			"A command that was killed may have printed the last lines before it could say so: they\n" +
			"come again. See brum-hub readers.",
		GroupID:           groupInstances,
		ValidArgsFunction: a.complete(a.processNames),
		Example:           "  brum-hub logs web dev -f\n  brum-hub logs web --since 10m --level error\n  brum-hub logs web -f --as archive >> web.log",
		Args:              args(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				f.process = args[1]
			}
			if f.tail < 0 || f.tail > maxTail {
				return usagef("--tail %d: want 0 to %d", f.tail, maxTail)
			}
			if f.as != "" && f.since != "" {
				return usagef("--as and --since: a reader with a name begins where it has ended")
			}
			if _, err := logstore.ParseLevel(f.level); err != nil {
				return usagef("--level: %w", err)
			}
			return a.logs(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with new lines until interrupted")
	flags.StringVar(&f.since, "since", "", "begin after this cursor, or this long ago (such as 10m)")
	flags.IntVarP(&f.tail, "tail", "n", 100, "without --since: how many of the last lines to begin with")
	flags.StringVar(&f.level, "level", "", "least severe level wanted: error, warn, info, debug")
	flags.StringVar(&f.as, "as", "", "name of the reader, whose position the hub keeps")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON, one record a line")
	oneOf(cmd, "level", "error", "warn", "info", "debug")
	flags.BoolVar(&f.showCursor, "show-cursor", false, "end with the cursor, on standard error")
	return cmd
}

// logLine and logPage are what the instance's tool logs_stream returns.
type logLine struct {
	Seq       uint64    `json:"seq"`
	Process   string    `json:"process"`
	ProcessID string    `json:"processId"`
	Time      time.Time `json:"time"`
	Stream    string    `json:"stream"`
	Level     string    `json:"level"`
	Text      string    `json:"text"`
	Continued bool      `json:"continued,omitempty"`
}

type logPage struct {
	Lines      []logLine `json:"lines"`
	Cursor     string    `json:"cursor"`
	Gap        uint64    `json:"gap"`
	GapUnknown bool      `json:"gapUnknown"`
	Restart    bool      `json:"restart"`
	More       bool      `json:"more"`
	Ended      bool      `json:"ended"`
}

// logQuery is its input.
type logQuery struct {
	ProcessID string `json:"processId,omitempty"`
	Level     string `json:"level,omitempty"`
	Follow    bool   `json:"follow,omitempty"`
	Limit     int    `json:"limit,omitempty"`
	Cursor    string `json:"cursor,omitempty"`
}

func (a *app) logs(ctx context.Context, ref string, f logsFlags) error {
	// From here on the id: what the reference means must not change on the way.
	known, err := a.client().History(ctx, ref)
	if err != nil {
		return err
	}
	pos, err := a.position(ctx, known, f)
	if err != nil {
		return err
	}
	r := &logReader{app: a, instance: known.ID, flags: f, out: a.logPrinter(f), position: pos}
	q := logQuery{ProcessID: f.process, Level: f.level, Limit: f.tail}
	if f.tail == 0 {
		q.Limit = 1
	}
	var since time.Time
	if ago, err := time.ParseDuration(f.since); err == nil {
		since = time.Now().Add(-ago.Abs())
		q.Limit = maxTail
	} else if f.since != "" {
		q.Cursor, q.Limit = f.since, maxTail
	}
	if from := pos.begin(); from != "" {
		q.Cursor, q.Limit = from, maxTail
	}
	if err := r.begin(ctx, q, since); err != nil {
		return untilInterrupted(ctx, err)
	}
	if f.follow {
		err = r.follow(ctx)
	} else if q.Cursor != "" || f.since != "" {
		err = r.rest(ctx)
	}
	if f.showCursor && !f.asJSON {
		fmt.Fprintln(a.Err, "cursor:", r.query.Cursor)
	}
	return untilInterrupted(ctx, err)
}

// logReader reads on and on. All its requests are reads that may be repeated.
type logReader struct {
	app      *app
	instance string
	flags    logsFlags
	out      *logPrinter
	position *position
	query    logQuery // the next one
	more     bool
	away     bool // people were told that lines don't come at the moment
}

// begin reads the first page, of which only lines since that time are shown.
func (r *logReader) begin(ctx context.Context, q logQuery, since time.Time) error {
	r.query = q
	page, err := r.read(ctx)
	if err != nil {
		return err
	}
	if r.flags.tail == 0 && q.Cursor == "" && since.IsZero() {
		page.Lines = nil
	}
	if !since.IsZero() {
		if page.cut(maxTail) && page.Lines[0].Time.After(since) {
			r.out.note("older lines than the last %d are not shown", len(page.Lines))
		}
		kept := page.Lines[:0]
		for _, l := range page.Lines {
			if !l.Time.Before(since) {
				kept = append(kept, l)
			}
		}
		page.Lines = kept
	}
	if q.Cursor == "" && since.IsZero() && len(page.Lines) < q.Limit && page.cut(q.Limit) {
		r.out.note("older lines than the last %d are not shown", len(page.Lines))
	}
	return r.take(ctx, page)
}

// maxPageText is the text after which instances end a page, in bytes.
const maxPageText = 1 << 20

// cut reports whether a page of the last lines may lack older ones than it has: it has as many
// as were asked for, or as much text as a page may hold.
func (p *logPage) cut(limit int) bool {
	text := 0
	for i := range p.Lines {
		text += len(p.Lines[i].Text)
	}
	return len(p.Lines) > 0 && (len(p.Lines) >= limit || text >= maxPageText)
}

// take prints a page and makes the query that follows it.
func (r *logReader) take(ctx context.Context, page *logPage) error {
	r.query.Cursor, r.query.Limit, r.more = page.Cursor, maxTail, page.More
	if err := r.out.page(page); err != nil {
		return err
	}
	return r.position.written(ctx, page.Cursor, len(page.Lines))
}

// rest reads what is there already.
func (r *logReader) rest(ctx context.Context) error {
	for r.more {
		page, err := r.read(ctx)
		if err == nil {
			err = r.take(ctx, page)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// follow reads on until ctx is done. Whatever passes is waited for.
func (r *logReader) follow(ctx context.Context) error {
	r.query.Follow = true
	for {
		page, err := r.read(ctx)
		switch {
		case err == nil:
			r.back()
			if err := r.take(ctx, page); err != nil {
				return err
			}
			if r.position != nil && !page.More {
				sleep(ctx, lull)
			}
			if page.Ended && len(page.Lines) == 0 && !page.More {
				sleep(ctx, awayPause) // an ended process answers at once; it may be run again
			}
		case ctx.Err() != nil:
			return nil
		case passes(err):
			r.wentAway(err)
			sleep(ctx, pauseAfter(err))
		default:
			return err
		}
	}
}

// passes reports whether waiting helps. A read that may or may not have been executed can
// be repeated like any other.
func passes(err error) bool {
	switch api.CodeOf(err) {
	case api.CodeNoHub, api.CodeShuttingDown, api.CodeOutcomeUnknown, api.CodeTimeout, api.CodeStopped,
		api.CodeOverloaded, api.CodeUnreachable, api.CodeNotRun, api.CodeResultLost:
		return true
	}
	return false
}

func (r *logReader) wentAway(err error) {
	if !r.away {
		r.out.note("waiting: %s", plain(err.Error()))
	}
	r.away = true
}

func (r *logReader) back() {
	if r.away {
		r.out.note("reading on")
	}
	r.away = false
}

func (r *logReader) read(ctx context.Context) (*logPage, error) {
	arguments, err := json.Marshal(r.query)
	if err != nil {
		return nil, err
	}
	res, err := r.app.client().Call(ctx, api.CallRequest{Instance: r.instance, Tool: "logs_stream", Arguments: arguments}, nil)
	if err != nil {
		return nil, err
	}
	if res.IsError {
		return nil, errors.Join(r.app.printResult(res), errToolFailed)
	}
	return decodePage(res)
}

func decodePage(res *mcp.CallToolResult) (*logPage, error) {
	data, err := json.Marshal(res.StructuredContent)
	if err != nil {
		return nil, err
	}
	page := new(logPage)
	if err := json.Unmarshal(data, page); err != nil {
		return nil, fmt.Errorf("the instance answered with something else than log lines: %w", err)
	}
	if page.Cursor == "" {
		return nil, errors.New("the instance answered without a cursor: its logs can't be read by this hub")
	}
	return page, nil
}
