package wsconn

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/standardbeagle/brum/errors"
)

// ExposedError says that other machines could reach an address at which nothing would be
// encrypted.
type ExposedError struct{ Address string }

func (e *ExposedError) Error() string {
	return fmt.Sprintf("listening on %q without TLS would expose it to other machines in the clear: "+
		"listen on 127.0.0.1 (or localhost, or [::1]), or configure a TLS certificate and key", e.Address)
}

// ErrorKind implements errors.Kinded.
func (e *ExposedError) ErrorKind() errors.Kind { return errors.Invalid }

// CheckListenAddress reports whether a server may listen on addr (host:port). Without TLS
// that is so only for loopback addresses and localhost; otherwise the error is an
// *[ExposedError]. It looks up no names: any other name counts as reachable.
func CheckListenAddress(addr string, tls bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("listen address %q: %w", addr, err)
	}
	if tls || strings.EqualFold(host, "localhost") {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	return &ExposedError{Address: addr}
}
