package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
)

// position is how far a named reader has got, as the hub keeps it. A nil position is that
// of somebody without a name: nothing is kept.
type position struct {
	client *control.Client
	reader api.Reader
}

const (
	// lull lets lines gather between two commits, each of which costs an fsync.
	lull = 50 * time.Millisecond
	// commitTimeout bounds one try, also of a command that was interrupted.
	commitTimeout = 5 * time.Second
)

// position finds the reader that f names. It may be one of the same project's earlier instance.
func (a *app) position(ctx context.Context, known *api.History, f logsFlags) (*position, error) {
	if f.as == "" {
		return nil, nil
	}
	p := &position{client: a.client(), reader: api.Reader{Name: f.as, Process: f.process, Level: f.level}}
	status, err := p.client.Status(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(status.Instances, func(i api.Instance) bool { return i.ID == known.ID })
	if i < 0 {
		return nil, &api.Error{Code: api.CodeUnknownInstance, Message: fmt.Sprintf("%s (%s) is gone", known.Name, known.ID)}
	}
	instance := status.Instances[i]
	p.reader.Instance, p.reader.InstanceName, p.reader.Directory = instance.ID, instance.Name, instance.Directory
	list, err := p.client.Readers(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list.Readers, func(r api.Reader) bool { return r.Name == f.as })
	if at < 0 {
		return p, nil
	}
	r := list.Readers[at]
	same := r.Instance == instance.ID || r.InstanceName == instance.Name && r.Directory == instance.Directory
	if !same || r.Process != f.process || r.Level != f.level {
		return nil, &api.Error{Code: api.CodeReaderConflict, Message: fmt.Sprintf(
			"the reader %q reads another log (%s): give this one another name, or forget that with brum-hub readers forget %s", f.as, logName(r), f.as)}
	}
	p.reader.Cursor, p.reader.Lines, p.reader.Revision = r.Cursor, r.Lines, r.Revision
	return p, nil
}

func logName(r api.Reader) string {
	s := r.InstanceName
	if r.Process != "" {
		s += " " + r.Process
	}
	if r.Level != "" {
		s += " --level " + r.Level
	}
	return s
}

// begin is the cursor to read on from, "" for a new reader.
func (p *position) begin() string {
	if p == nil {
		return ""
	}
	return p.reader.Cursor
}

// written says that everything up to cursor was written out, and keeps that.
func (p *position) written(ctx context.Context, cursor string, lines int) error {
	if p == nil || cursor == p.reader.Cursor {
		return nil
	}
	p.reader.Cursor = cursor
	p.reader.Lines += uint64(lines)
	return p.commit(ctx)
}

// commit waits for hubs that come back. A command that was interrupted also keeps what it
// has written, if that can be done soon.
func (p *position) commit(ctx context.Context) error {
	for again := false; ; again = true {
		err := p.try(context.WithoutCancel(ctx), again)
		if err == nil || !isAway(err) || ctx.Err() != nil {
			return err
		}
		sleep(ctx, pauseAfter(err))
	}
}

// try commits once. An earlier try whose answer was lost may have succeeded.
func (p *position) try(ctx context.Context, again bool) error {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	next, err := p.client.CommitReader(ctx, p.reader)
	switch {
	case err == nil:
		p.reader.Revision = next.Revision
		return nil
	case !again || api.CodeOf(err) != api.CodeReaderConflict:
		return err
	}
	list, listErr := p.client.Readers(ctx)
	if listErr != nil {
		return listErr
	}
	for _, r := range list.Readers {
		if r.Name == p.reader.Name && r.Cursor == p.reader.Cursor && r.Revision == p.reader.Revision+1 {
			p.reader.Revision = r.Revision
			return nil
		}
	}
	return err
}
