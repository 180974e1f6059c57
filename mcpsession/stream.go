package mcpsession

import (
	"context"
	"time"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

// OnStream makes one stream of s look like a session of its own, for New. So a session can
// carry several MCP connections, none of which waits for another's messages. When such a
// connection ends, so does its stream; the session goes on.
func OnStream(s *session.Session, stream *session.Stream) Session {
	return &lane{session: s, stream: stream}
}

type lane struct {
	session *session.Session
	stream  *session.Stream
}

func (l *lane) ID() session.ID                              { return l.session.ID() }
func (l *lane) WaitActive(ctx context.Context) error        { return l.session.WaitActive(ctx) }
func (l *lane) Send(ctx context.Context, msg []byte) error  { return l.stream.Send(ctx, msg) }
func (l *lane) Receive(ctx context.Context) ([]byte, error) { return l.stream.Receive(ctx) }

// Close says that nothing more comes. The session delivers what was sent.
func (l *lane) Close(ctx context.Context) error {
	err := l.stream.CloseSend(ctx)
	if errors.Is(err, session.ErrReset) {
		return nil // the peer was first, and wants nothing more
	}
	return err
}

// resetTime is how long a reset waits for room in the session's buffers.
const resetTime = time.Second

// CloseNow resets the stream: behind a Close, only what the peer sends is dropped.
func (l *lane) CloseNow() error {
	ctx, cancel := context.WithTimeout(context.Background(), resetTime)
	defer cancel()
	if err := l.stream.Reset(ctx); err != nil && !errors.Is(err, session.ErrLost) && !errors.Is(err, session.ErrClosed) {
		return err
	}
	return nil
}
