package httpconn

import (
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session"
)

// RequestError is the failure of a request that got no answer of the instance's. (The SDK
// joins errors of its own to it that look like one.)
type RequestError struct{ Err error }

func (e *RequestError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RequestError) Unwrap() error { return e.Err }

// StatusError is an answer over HTTP that is none of the protocol above it.
type StatusError struct{ Code int }

func (e *StatusError) Error() string {
	return fmt.Sprintf("the instance answered with HTTP status %d %s", e.Code, http.StatusText(e.Code))
}

// ErrorKind implements errors.Kinded.
func (e *StatusError) ErrorKind() errors.Kind {
	switch e.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return errors.Unauthorized
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return errors.Limit
	}
	return errors.Protocol
}

// Is lets a request that is too large look like a message of a session that is.
func (e *StatusError) Is(target error) bool {
	return target == session.ErrTooLarge && e.Code == http.StatusRequestEntityTooLarge
}

// mayHaveRun is false where the status says that nothing was carried out.
func (e *StatusError) mayHaveRun() bool { return e.Code < 400 || e.Code >= 500 }

// refusalIn is the error that resp is, if it is one; then its body is closed.
func refusalIn(resp *http.Response) error {
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	passing := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 // it need not be the instance that says so
	if kind == "application/json" && !passing {
		return nil
	}
	io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10)) // so that the connection can be used again
	resp.Body.Close()
	return &StatusError{resp.StatusCode}
}
