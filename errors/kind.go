package errors

import "fmt"

// Kind is what went wrong, as far as a caller may act on it. A Kind is itself
// an error, so that it can be a target of Is and be wrapped with %w.
type Kind uint8

const (
	Unknown         Kind = iota // nothing in the error says
	Refused                     // nobody listens at the address
	Reset                       // the peer or a device on the path cut the connection
	Timeout                     // no answer in time
	DNS                         // the name could not be resolved
	Unreachable                 // no route to the host, or the network is down
	TLS                         // handshake or certificate
	Unauthorized                // a proof or token was not accepted
	Protocol                    // the peer broke the protocol or speaks no common version
	Superseded                  // another process or attempt has taken over
	SessionLost                 // the session can't go on
	BufferFull                  // no room at the moment
	Limit                       // a limit of count, size or file descriptors is reached
	ProcessNotFound             // the process is gone
	Canceled                    // the caller gave up
	Permission                  // the operating system refuses: rights, read-only, firewall
	Closed                      // the connection is closed: end of file, broken pipe
	DiskFull                    // no space or quota left
	NotFound                    // no such file
	InUse                       // the address, file or name is taken
	Invalid                     // data or configuration that can't be used
	Unsupported                 // this system or peer can't do it
	kinds
)

var kindNames = [kinds]string{
	"unknown", "refused", "reset", "timeout", "dns", "unreachable", "tls", "unauthorized", "protocol",
	"superseded", "session lost", "buffer full", "limit", "process not found", "canceled", "permission",
	"closed", "disk full", "not found", "in use", "invalid", "unsupported",
}

// String is a short lower-case name, stable enough for a metric's label.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Error makes a Kind an error.
func (k Kind) Error() string { return k.String() }

// ErrorKind implements Kinded.
func (k Kind) ErrorKind() Kind { return k }

// Temporary reports whether doing the same again later can help although
// nobody changes anything. Unknown is temporary: giving up on a failure that
// nobody understands would strand a healthy instance.
func (k Kind) Temporary() bool {
	switch k {
	case TLS, Unauthorized, Protocol, Superseded, SessionLost, ProcessNotFound, Canceled, Permission,
		NotFound, Invalid, Unsupported:
		return false
	default:
		return true
	}
}

// Persistence is what an error says about a later attempt.
type Persistence uint8

const (
	ByKind    Persistence = iota // as Kind.Temporary says
	Temporary                    // a later attempt can succeed
	Permanent                    // no attempt will succeed until something is changed
)

func (p Persistence) temporary(k Kind) bool {
	if p == ByKind {
		return k.Temporary()
	}
	return p == Temporary
}
