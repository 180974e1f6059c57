package wsconn

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/standardbeagle/brum/errors"
)

// ErrPacketTooLarge is returned by WritePacket for a packet above MaxPacket.
var ErrPacketTooLarge = fmt.Errorf("wsconn: packet of more than 64 KiB: %w", errors.Limit)

// CloseError says that the peer ended the connection with a WebSocket close frame.
type CloseError struct {
	Code   int // RFC 6455 §7.4
	Reason string
}

func (e *CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("wsconn: closed by the peer (%d)", e.Code)
	}
	return fmt.Sprintf("wsconn: closed by the peer (%d): %q", e.Code, e.Reason)
}

// ErrorKind implements errors.Kinded.
func (e *CloseError) ErrorKind() errors.Kind { return errors.Closed }

// ProtocolError says that the peer sent what it may not send.
type ProtocolError struct {
	What string
	Err  error // the details, if there are any
}

func (e *ProtocolError) Error() string {
	if e.Err == nil {
		return "wsconn: the peer sent " + e.What
	}
	return "wsconn: the peer sent " + e.What + ": " + e.Err.Error()
}

func (e *ProtocolError) Unwrap() error { return e.Err }

// ErrorKind implements errors.Kinded.
func (e *ProtocolError) ErrorKind() errors.Kind { return errors.Protocol }

// StatusError says that the server answered a dial with an HTTP status of its own: it
// refuses, is overloaded, or offers no sessions at this URL.
type StatusError struct {
	Status int           // e.g. 404: no session endpoint here
	After  time.Duration // what the server asked for in Retry-After; 0 if it did not ask
	Body   string        // the first line of the answer, at most 200 bytes
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("the server answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Status == http.StatusNotFound {
		s += " (no session endpoint here)"
	}
	if e.Body != "" {
		s += fmt.Sprintf(": %q", e.Body)
	}
	return s
}

// ErrorKind implements errors.Kinded. Statuses by which a server says that it, or a gateway
// before it, is not well are of no particular kind, and temporary.
func (e *StatusError) ErrorKind() errors.Kind {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return errors.Unauthorized
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return errors.Limit
	case http.StatusMisdirectedRequest:
		return errors.Invalid // the server does not answer to the name in the URL
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return errors.Unreachable
	case http.StatusRequestTimeout:
		return errors.Timeout
	}
	switch {
	case e.Status == http.StatusNotImplemented:
		return errors.Unsupported
	case e.Status >= 500:
		return errors.Unknown
	default:
		return errors.Unsupported // whatever is there, it takes no sessions
	}
}

// ErrorRetryAfter is e.After.
func (e *StatusError) ErrorRetryAfter() time.Duration { return e.After }

// RefusedError is returned by Accept when it answered a request with an HTTP status other
// than 101.
type RefusedError struct {
	Status int
	Reason string
	Err    error // the details, if there are any
}

func (e *RefusedError) Error() string {
	s := "wsconn: refused (" + strconv.Itoa(e.Status) + "): " + e.Reason
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *RefusedError) Unwrap() error { return e.Err }

// ErrorKind implements errors.Kinded.
func (e *RefusedError) ErrorKind() errors.Kind {
	switch e.Status {
	case http.StatusConflict, http.StatusForbidden, http.StatusMisdirectedRequest:
		return errors.Unauthorized
	case http.StatusInternalServerError, http.StatusNotImplemented:
		return errors.Unknown
	default:
		return errors.Protocol
	}
}

// retryAfter parses a Retry-After header: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	const longest = 24 * time.Hour
	v := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(v, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longest)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(at.Sub(now), 0), longest)
	}
	return 0
}
