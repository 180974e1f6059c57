package instance

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/standardbeagle/brum/internal/logstore"
	"github.com/standardbeagle/brum/internal/terminal"
)

// echo prints the lines of all processes to w, each after the process's id,
// until ctx is done; then it prints what is left. It reads the store like any
// other follower: a terminal that is stopped delays no process, it misses lines
// and is told. The error is w's.
func echo(ctx context.Context, logs *logstore.Store, w io.Writer) error {
	out := bufio.NewWriter(w)
	q := logstore.Query{Limit: logstore.MaxLimit, Wait: followWait}
	for {
		p, err := logs.Read(ctx, q)
		if err != nil { // ctx is done
			q.Wait = 0
			ctx = context.WithoutCancel(ctx)
			if p, err = logs.Read(ctx, q); err != nil {
				return nil
			}
		}
		if p.Gap > 0 {
			fmt.Fprintf(out, "(%d lines were too fast for this terminal)\n", p.Gap)
		}
		for _, l := range p.Lines {
			fmt.Fprintf(out, "%s | %s\n", terminal.OneLine(l.ProcessID), l.Text)
		}
		if err := out.Flush(); err != nil || q.Wait == 0 && !p.More {
			return err
		}
		q.Cursor = p.Cursor
	}
}
