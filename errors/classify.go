package errors

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"io/fs"
	"net"
	"os"
	"reflect"
	"syscall"
	"time"
)

// Kinded is implemented by errors that know their Kind. Returning Unknown means
// "look at what I wrap".
//
// An error may also have ErrorPersistence() Persistence, and
// ErrorRetryAfter() time.Duration; 0 means that it does not say.
type Kinded interface {
	error
	ErrorKind() Kind
}

// Of returns the Kind of err. In a tree of wrapped and joined errors the
// outermost, leftmost error that says decides. Of(nil) is Unknown.
func Of(err error) Kind { return classify(err).kind }

// IsTemporary reports whether a later attempt can succeed. It is false for nil.
func IsTemporary(err error) bool {
	c := classify(err)
	return err != nil && c.persistence.temporary(c.kind)
}

// RetryAfter returns how long the outermost error that says so asks to wait
// before the next attempt; 0 if none does.
func RetryAfter(err error) time.Duration {
	var after time.Duration
	visit(err, func(e error) bool {
		if r, ok := e.(interface{ ErrorRetryAfter() time.Duration }); ok {
			after = r.ErrorRetryAfter()
		}
		return after > 0
	})
	return after
}

// class is the result of looking at an error.
type class struct {
	kind        Kind
	persistence Persistence
}

func classify(err error) class {
	var found class
	if visit(err, func(e error) bool {
		found = classifyNode(e)
		return found.kind != Unknown
	}) {
		return found
	}
	// Types that say no more than "that was a timeout" have the last word, so
	// that they don't hide what they wrap.
	if visit(err, func(e error) bool {
		t, ok := e.(interface{ Timeout() bool })
		return ok && t.Timeout()
	}) {
		return class{kind: Timeout}
	}
	return class{}
}

// visit walks err's tree depth first, as Is and As do, until stop returns true.
func visit(err error, stop func(error) bool) bool {
	for err != nil {
		if stop(err) {
			return true
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			for _, child := range e.Unwrap() {
				if visit(child, stop) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}

// classifyNode looks at err itself and not at what it wraps, with one exception:
// a firewall's refusal is told from a lack of rights by the net.OpError around it.
func classifyNode(err error) class {
	switch e := err.(type) {
	case Kinded:
		c := class{kind: e.ErrorKind()}
		if p, ok := e.(interface{ ErrorPersistence() Persistence }); ok {
			c.persistence = p.ErrorPersistence()
		}
		return c
	case *net.OpError:
		return classifyOp(e)
	case *net.DNSError:
		return class{kind: DNS}
	case syscall.Errno:
		return class{kind: nativeKind(e)}
	case *net.AddrError, *net.ParseError, net.InvalidAddrError, net.UnknownNetworkError:
		return class{kind: Invalid}
	}
	if isTLS(err) {
		return class{kind: TLS}
	}
	for _, s := range sentinels {
		if matches(err, s.err) {
			return class{kind: s.kind}
		}
	}
	return class{}
}

// classifyOp keeps a refusal by the system during network traffic temporary:
// that is a firewall, for example a VPN's while it reconnects.
func classifyOp(op *net.OpError) class {
	if op.Op == "listen" || op.Err == nil {
		return class{}
	}
	if c := classify(op.Err); c.kind == Permission && c.persistence == ByKind {
		return class{kind: Permission, persistence: Temporary}
	}
	return class{}
}

var sentinels = []struct {
	err  error
	kind Kind
}{
	{context.Canceled, Canceled},
	{context.DeadlineExceeded, Timeout},
	{os.ErrDeadlineExceeded, Timeout},
	{os.ErrProcessDone, ProcessNotFound},
	{net.ErrClosed, Closed},
	{fs.ErrClosed, Closed},
	{io.EOF, Closed},
	{io.ErrUnexpectedEOF, Closed},
	{io.ErrClosedPipe, Closed},
	{fs.ErrPermission, Permission},
	{fs.ErrNotExist, NotFound},
	{fs.ErrExist, InUse},
	{ErrUnsupported, Unsupported},
}

// matches is one step of Is.
func matches(err, target error) bool {
	if reflect.TypeOf(err).Comparable() && err == target {
		return true
	}
	is, ok := err.(interface{ Is(error) bool })
	return ok && is.Is(target)
}

func isTLS(err error) bool {
	switch err.(type) {
	case *tls.CertificateVerificationError, tls.RecordHeaderError, tls.AlertError, *tls.ECHRejectionError,
		x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError, x509.SystemRootsError,
		*x509.SystemRootsError, x509.InsecureAlgorithmError, x509.ConstraintViolationError,
		x509.UnhandledCriticalExtension:
		return true
	}
	// An alert of the peer has an unexported type, an integer of crypto/tls.
	t := reflect.TypeOf(err)
	return t.Kind() == reflect.Uint8 && t.PkgPath() == "crypto/tls"
}
