package routesocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/standardbeagle/brum/power/internal/system"
)

// room is for the largest read: the kernel hands over one message at a time, none above 2 KiB.
const room = 16 << 10

// listen hints at changes until s is closed, which ctx brings about.
func listen(ctx context.Context, s io.Reader, f filter, sink system.Sink) error {
	b := make([]byte, room)
	for {
		n, err := s.Read(b)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, syscall.ENOBUFS): // messages were lost, and may have mattered
			sink.Report(system.Hint{Kind: system.NetworkChanged})
		case err != nil:
			return fmt.Errorf("routing socket: %w", err)
		case f.hint(b[:n]):
			sink.Report(system.Hint{Kind: system.NetworkChanged})
		}
	}
}
