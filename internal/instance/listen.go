package instance

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/wsconn"
)

// LastPort ends the range in which a free port is looked for.
const LastPort = 7999

// listen listens on the first free port from port up to LastPort; 0 means any
// port, and a port above LastPort that one only. See wsconn.Listen for why there
// can be two listeners.
func listen(ctx context.Context, host string, port int) ([]net.Listener, error) {
	if port < 0 || port > 65535 {
		return nil, fmt.Errorf("port %d: want 0 to 65535", port)
	}
	if err := wsconn.CheckListenAddress(net.JoinHostPort(host, strconv.Itoa(port)), false); err != nil {
		return nil, fmt.Errorf("%w (there is no TLS here: to be reached from elsewhere, listen on 127.0.0.1 behind a tunnel such as ssh -L)", err)
	}
	last := port
	if port > 0 {
		last = max(port, LastPort)
	}
	for p := port; ; p++ {
		listeners, err := wsconn.Listen(ctx, net.JoinHostPort(host, strconv.Itoa(p)))
		switch {
		case err == nil:
			return listeners, nil
		case errors.Of(err) == errors.InUse && p < last:
			continue
		case p > port:
			return nil, fmt.Errorf("no free port from %d to %d: %w", port, p, err)
		}
		return nil, err
	}
}
