package limitcheck

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/internal/limits"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

const (
	spareFiles = 40                     // that are left to be used up
	starve     = 500 * time.Millisecond // how long there are none
)

// checkFiles: with no file descriptors left, accepting waits, dialling fails with an error that
// says why, and when there are some again everything goes on.
func checkFiles(ctx context.Context, _ Options, p parts) Row {
	row := Row{Row: "K3", What: fmt.Sprintf("no file descriptors left for %v", starve), Limit: "who comes then is served afterwards; one line in the log about it, and one when it is over"}
	var log counter
	x, err := open(p, 4, 0, slog.New(&log))
	if err != nil {
		return row.fail("%v", err)
	}
	defer x.end()
	if _, _, err := x.enter(ctx, nil); err != nil {
		return row.fail("%v", err)
	}
	address := strings.TrimPrefix(x.url, "ws://")

	restore, err := limits.LowerFiles(uint64(limits.OpenFiles() + spareFiles))
	if errors.Is(err, errors.ErrUnsupported) {
		row.Verdict, row.Found = None, "this system sets no limit"
		return row
	}
	if err != nil {
		return row.fail("%v", err)
	}
	defer restore()
	var hoard hoard
	defer hoard.free()
	if err := hoard.fill(); err != nil {
		return row.fail("%v", err)
	}
	hoard.spareOne()
	guest, err := net.Dial("tcp", address) // with the last one there is
	if err != nil {
		return row.fail("%v", err)
	}
	defer guest.Close()
	noticed := until(ctx, func() bool { return log.lines.Load() > 0 })
	_, _, refused := wsconn.Dial(ctx, x.url, nil, nil)
	late, err := x.begin(nil)
	if err != nil {
		return row.fail("%v", err)
	}
	time.Sleep(starve)
	told := late.Stats().LastError
	hoard.free()
	if err := restore(); err != nil {
		return row.fail("%v", err)
	}
	switch {
	case !noticed:
		return row.fail("nobody has noticed")
	case errors.Of(refused) != errors.Limit || errors.Of(told) != errors.Limit || !errors.IsTemporary(told):
		return row.fail("who dialled was told: %v; and: %v", refused, told)
	}
	if err := served(ctx, guest); err != nil {
		return row.fail("who came then is not served afterwards: %v", err)
	}
	late.Nudge(session.TriggerManual)
	if err := late.WaitActive(ctx); err != nil {
		return row.fail("a session does not get through afterwards: %v", errors.Join(err, late.Stats().LastError))
	}
	if n := log.lines.Load(); n != 2 {
		return row.fail("%d lines in the log", n)
	}
	return row.pass("outlasted; %d lines in the log; who dialled was told: %v", log.lines.Load(), errors.Of(told))
}

// served reports what becomes of a request on a connection.
func served(ctx context.Context, c net.Conn) error {
	deadline, _ := ctx.Deadline()
	c.SetDeadline(deadline)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	answer := make([]byte, len("HTTP/1.1"))
	_, err := io.ReadFull(c, answer)
	return err
}

// hoard is open files, so that nobody else can open one.
type hoard []*os.File

func (h *hoard) fill() error {
	for {
		f, err := os.Open(os.DevNull)
		switch {
		case errors.Of(err) == errors.Limit:
			return nil
		case err != nil:
			return err
		}
		*h = append(*h, f)
	}
}

func (h *hoard) spareOne() {
	last := len(*h) - 1
	if last >= 0 {
		(*h)[last].Close()
		*h = (*h)[:last]
	}
}

func (h *hoard) free() {
	for _, f := range *h {
		f.Close()
	}
	*h = nil
}

// counter is a log of which only the length matters.
type counter struct{ lines atomic.Int64 }

func (c *counter) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }
func (c *counter) Handle(context.Context, slog.Record) error    { c.lines.Add(1); return nil }
func (c *counter) WithAttrs([]slog.Attr) slog.Handler           { return c }
func (c *counter) WithGroup(string) slog.Handler                { return c }
