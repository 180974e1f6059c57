package wsconn

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// ErrPacketTooLarge is returned by WritePacket for a packet above MaxPacket.
var ErrPacketTooLarge = errors.New("wsconn: packet of more than 64 KiB")

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
