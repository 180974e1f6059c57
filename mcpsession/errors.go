package mcpsession

import (
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/standardbeagle/brum/errors"
)

// MalformedError says that the peer sent a message which is no JSON-RPC. It ends the
// connection.
type MalformedError struct {
	Size int // of the message, in bytes
	Err  error
}

func (e *MalformedError) Error() string {
	return fmt.Sprintf("mcpsession: the peer sent %d bytes that are no JSON-RPC message: %v", e.Size, e.Err)
}

func (e *MalformedError) Unwrap() error { return e.Err }

// ErrorKind implements errors.Kinded.
func (e *MalformedError) ErrorKind() errors.Kind { return errors.Protocol }

// codeRejected is how the SDK knows errors that concern one message and not the connection.
const codeRejected = -32005

// rejectedError concerns one message only.
type rejectedError struct{ err error }

func rejected(err error) error { return &rejectedError{err} }

func (e *rejectedError) Error() string { return e.err.Error() }

func (e *rejectedError) Unwrap() []error {
	return []error{e.err, &jsonrpc.Error{Code: codeRejected, Message: "rejected by the transport"}}
}
