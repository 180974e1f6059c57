package errors

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
)

// Error is a failure with its context. The zero value of a field means that it
// is not known or does not apply. An Error is not changed after it was made.
type Error struct {
	Kind        Kind
	Op          string        // what was being done: "dial", "attach", "call logs_stream"
	Instance    string        // the instance's id
	Attempt     int           // from 1
	Time        time.Time     // when it failed
	RetryAfter  time.Duration // the earliest sensible time for another attempt, from Time on
	Persistence Persistence
	Err         error // the cause
}

// Wrap adds context to err and loses nothing: err stays reachable through
// Unwrap, and what context leaves open (Kind, Persistence, RetryAfter) is taken
// from err. context.Err is ignored. Wrap(nil, …) is nil.
func Wrap(err error, context Error) error {
	if err == nil {
		return nil
	}
	e := context
	e.Err = err
	if e.Kind == Unknown {
		found := classify(err)
		e.Kind = found.kind
		if e.Persistence == ByKind {
			e.Persistence = found.persistence
		}
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = RetryAfter(err)
	}
	return &e
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is e's Kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// ErrorKind implements Kinded.
func (e *Error) ErrorKind() Kind { return e.Kind }

// ErrorPersistence says whether another attempt can help.
func (e *Error) ErrorPersistence() Persistence { return e.Persistence }

// ErrorRetryAfter returns e.RetryAfter.
func (e *Error) ErrorRetryAfter() time.Duration { return e.RetryAfter }

// longestLine bounds Error's result in bytes; text of a peer may be part of it.
const longestLine = 1024

// Error returns one line, for example
//
//	shop-1: dial, attempt 3, 15:04:05.000: connect: connection refused [refused, temporary, retry after 2s]
func (e *Error) Error() string {
	var b strings.Builder
	e.write(&b)
	b.WriteString(" [")
	b.WriteString(e.Kind.String())
	if e.Persistence.temporary(e.Kind) {
		b.WriteString(", temporary")
	} else {
		b.WriteString(", permanent")
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ", retry after %v", e.RetryAfter)
	}
	b.WriteByte(']')
	return b.String()
}

// write prints context and cause. An Error right below is printed without its
// own bracket, which would only repeat this one's.
func (e *Error) write(b *strings.Builder) {
	if e.Instance != "" {
		b.WriteString(oneLine(e.Instance) + ": ")
	}
	var parts []string
	if e.Op != "" {
		parts = append(parts, oneLine(e.Op))
	}
	if e.Attempt > 0 {
		parts = append(parts, fmt.Sprintf("attempt %d", e.Attempt))
	}
	if !e.Time.IsZero() {
		parts = append(parts, e.Time.Format("15:04:05.000"))
	}
	if len(parts) > 0 {
		b.WriteString(strings.Join(parts, ", ") + ": ")
	}
	switch inner := e.Err.(type) {
	case nil:
		b.WriteString(e.Kind.String())
	case *Error:
		inner.write(b)
	default:
		b.WriteString(oneLine(inner.Error()))
	}
}

// oneLine makes s printable on one line and bounds it.
func oneLine(s string) string {
	s = strings.ReplaceAll(strings.TrimRight(s, "\r\n"), "\n", "; ")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > longestLine {
		s = strings.ToValidUTF8(s[:longestLine], "") + "…"
	}
	return s
}

// LogValue gives slog the parts as attributes.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("kind", e.Kind.String()),
		slog.Bool("temporary", e.Persistence.temporary(e.Kind)),
	}
	if e.Op != "" {
		attrs = append(attrs, slog.String("op", e.Op))
	}
	if e.Instance != "" {
		attrs = append(attrs, slog.String("instance", e.Instance))
	}
	if e.Attempt > 0 {
		attrs = append(attrs, slog.Int("attempt", e.Attempt))
	}
	if !e.Time.IsZero() {
		attrs = append(attrs, slog.Time("at", e.Time))
	}
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", oneLine(e.Err.Error())))
	}
	return slog.GroupValue(attrs...)
}
