package journal

import (
	"context"
	"fmt"
)

// CommitReceive makes the application's receive cursor of a stream durable: everything below
// it has taken effect and will not be asked for again. A non-nil app replaces the
// application's state of the stream in the same atomic step; both are there after a crash,
// or neither. The stream is made if it does not exist.
//
// An application whose effects are in a database of its own puts the cursor there, in its own
// transaction, and hands it in at Open (Options.Receive); it calls CommitReceive after that
// transaction, with a nil app, to let the peer know.
//
// A cursor behind the committed one, or with the same number and another digest, is a
// *StaleError.
func (j *Journal) CommitReceive(ctx context.Context, stream string, c Cursor, app []byte) error {
	if len(app) > MaxAppState {
		return invalid("application state of %d bytes, the limit is %d", len(app), MaxAppState)
	}
	return j.durably(ctx, func() (bool, error) {
		st, err := j.lookup(stream)
		if err != nil {
			return false, err
		}
		if st != nil {
			if err := st.behind(c); err != nil {
				return false, err
			}
			if c == st.receive && app == nil {
				return false, nil
			}
		}
		if app != nil && j.state.appBytes+len(app) > maxAppStates {
			return false, &FullError{j.dir, stream, "bytes of application state", maxAppStates}
		}
		if st == nil {
			st = j.makeStream(stream)
		}
		j.stageReceive(st, c, app)
		return true, nil
	})
}

// adopt takes a cursor that the application kept.
func (j *Journal) adopt(name string, c Cursor) error {
	st, err := j.lookup(name)
	if err != nil {
		return err
	}
	if st == nil {
		st = j.makeStream(name)
	}
	if err := st.behind(c); err != nil {
		return err
	}
	if c != st.receive {
		j.stageReceive(st, c, nil)
	}
	return nil
}

func (s *stream) behind(c Cursor) error {
	if c.Next < s.receive.Next || c.Next == s.receive.Next && c.Digest != s.receive.Digest {
		return &StaleError{fmt.Sprintf("stream %q: receive cursor", s.name), s.receive.String(), c.String()}
	}
	return nil
}

func (j *Journal) stageReceive(st *stream, c Cursor, app []byte) {
	st.receive = c
	if app != nil {
		j.state.setApp(st, app)
	}
	j.stage(&record{kind: kindReceive, stream: st.id, index: c.Next, digest: c.Digest, keep: app == nil, data: app})
}
