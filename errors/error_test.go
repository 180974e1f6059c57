package errors

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestI2_permanent_kinds(t *testing.T) {
	permanent := map[Kind]bool{
		TLS: true, Unauthorized: true, Protocol: true, Superseded: true, SessionLost: true, ProcessNotFound: true,
		Canceled: true, Permission: true, NotFound: true, Invalid: true, Unsupported: true,
	}
	seen := map[string]bool{}
	for k := range kinds {
		err := fmt.Errorf("x: %w", &Error{Kind: k})
		if IsTemporary(err) == permanent[k] {
			t.Errorf("%v: temporary %v", k, IsTemporary(err))
		}
		if k.String() == "" || seen[k.String()] {
			t.Errorf("kind %d has no name of its own", k)
		}
		seen[k.String()] = true
	}
	if IsTemporary(&Error{Kind: Refused, Persistence: Permanent}) || !IsTemporary(&Error{Kind: TLS, Persistence: Temporary}) {
		t.Error("the error's own word must win over its kind")
	}
}

func TestI2_refused_and_gone(t *testing.T) {
	_, refused := net.Dial("tcp", unusedAddr(t))
	refused = deep(refused)

	if err := AboutProcess(refused, ProcessGone); Of(err) != ProcessNotFound || IsTemporary(err) || !Is(err, syscall.ECONNREFUSED) {
		t.Errorf("gone: %v", err)
	}
	for _, p := range []Process{ProcessAlive, ProcessUnverified} {
		if err := AboutProcess(refused, p); err != refused || Of(err) != Refused || !IsTemporary(err) {
			t.Errorf("process %d: %v", p, err)
		}
	}
	if err := AboutProcess(io.EOF, ProcessGone); err != io.EOF {
		t.Errorf("an unrelated error became %v", err)
	}
	if AboutProcess(nil, ProcessGone) != nil {
		t.Error("nil became an error")
	}
}

func TestI3_unwrap_and_context(t *testing.T) {
	at := time.Date(2026, 5, 4, 15, 4, 5, 0, time.UTC)
	cause := onWire("connect", syscall.ECONNREFUSED)
	err := Wrap(cause, Error{Op: "dial", Instance: "shop-1", Attempt: 3, Time: at, RetryAfter: 2 * time.Second})
	err = fmt.Errorf("supervisor: %w", err)

	e, ok := AsType[*Error](err)
	if !ok {
		t.Fatal("no *Error in the tree")
	}
	if e.Op != "dial" || e.Instance != "shop-1" || e.Attempt != 3 || !e.Time.Equal(at) ||
		e.RetryAfter != 2*time.Second || e.Kind != Refused || Unwrap(e) != cause {
		t.Errorf("context lost: %+v", e)
	}
	if !Is(err, Refused) || Is(err, Reset) || !Is(err, syscall.ECONNREFUSED) {
		t.Error("Is does not see the kind and the cause")
	}
	if op, ok := AsType[*net.OpError](err); !ok || op.Op != "connect" {
		t.Error("As does not reach the cause")
	}
	if RetryAfter(err) != 2*time.Second {
		t.Errorf("RetryAfter = %v", RetryAfter(err))
	}
}

func TestI3_context_adds_up(t *testing.T) {
	inner := Wrap(deep(&Error{Kind: Limit, RetryAfter: time.Minute, Persistence: Permanent}), Error{Op: "attach", Attempt: 2})
	outer := Wrap(fmt.Errorf("hub: %w", inner), Error{Instance: "shop-1"})
	if Of(outer) != Limit || IsTemporary(outer) || RetryAfter(outer) != time.Minute {
		t.Errorf("lost on the way: %v", outer)
	}
	if e, _ := AsType[*Error](Unwrap(outer)); e.Op != "attach" || e.Attempt != 2 {
		t.Errorf("inner context lost: %+v", e)
	}
	if again := Wrap(outer, Error{Kind: SessionLost}); Of(again) != SessionLost || !Is(again, Limit) {
		t.Errorf("a stated kind must win and the inner stay visible: %v", again)
	}
}

func TestI3_one_readable_line(t *testing.T) {
	at := time.Date(2026, 5, 4, 15, 4, 5, 0, time.UTC)
	cause := New("connect: connection refused")
	for _, c := range []struct {
		err  error
		want string
	}{
		{&Error{Kind: Refused, Op: "dial", Instance: "shop-1", Attempt: 3, Time: at, RetryAfter: 2 * time.Second, Err: cause},
			"shop-1: dial, attempt 3, 15:04:05.000: connect: connection refused [refused, temporary, retry after 2s]"},
		{&Error{Kind: Superseded}, "superseded [superseded, permanent]"},
		{Wrap(&Error{Kind: Reset, Op: "read", Err: io.EOF}, Error{Instance: "shop-1"}),
			"shop-1: read: EOF [reset, temporary]"},
		{&Error{Op: "a\nb", Err: Join(New("first"), New("second\x1b[31m"))}, "a; b: first; second [31m [unknown, temporary]"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	long := (&Error{Err: New(strings.Repeat("ü\n", 1<<20))}).Error()
	if len(long) > 2*longestLine || strings.Contains(long, "\n") {
		t.Errorf("a line of %d bytes", len(long))
	}
}

func TestI3_log_attributes(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("lost", "err", Wrap(io.EOF, Error{Op: "read", Instance: "shop-1", Attempt: 2}))
	for _, want := range []string{"err.kind=closed", "err.temporary=true", "err.op=read", "err.instance=shop-1", "err.attempt=2", "err.cause=EOF"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, out.String())
		}
	}
}
