package iphelper

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/standardbeagle/brum/power/internal/system"
)

type sink struct {
	system.Sink
	ready chan struct{}
	hints chan system.HintKind
}

func newSink() sink {
	return sink{ready: make(chan struct{}), hints: make(chan system.HintKind, 100)}
}

func (s sink) Ready()               { close(s.ready) }
func (s sink) Report(h system.Hint) { s.hints <- h.Kind }

// start runs a backend until stop, which returns its error.
func start(t *testing.T, run func(context.Context, system.Sink) error, s sink) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, s) }()
	select {
	case <-s.ready:
	case err := <-done:
		cancel()
		t.Fatalf("it ended at once: %v", err)
	}
	return func() error { cancel(); return <-done }
}

// asked is what a notifier of the test was called with.
type asked struct {
	family            uint16
	callback, context uintptr
	initial           bool
}

// canceling counts what is cancelled.
func canceling(canceled *int, notifiers ...notifier) api {
	return api{notifiers, func(handle windows.Handle) error {
		if handle == 0x1234 {
			*canceled++
		}
		return nil
	}}
}

func noting(to *asked, handle windows.Handle, err error) notifier {
	return notifier{"Notify", func(family uint16, callback uintptr, context unsafe.Pointer, initial bool, h *windows.Handle) error {
		*to = asked{family, callback, uintptr(context), initial}
		*h = handle
		return err
	}}
}

// The callback is called here as Windows would, through its C function pointer.
func TestNotified(t *testing.T) {
	var a asked
	canceled := 0
	s := newSink()
	stop := start(t, func(ctx context.Context, sink system.Sink) error {
		return notified(ctx, sink, canceling(&canceled, noting(&a, 0x1234, nil), noting(&a, 0x1234, nil)))
	}, s)
	if a.family != 0 || a.initial {
		t.Errorf("asked for family %d, initial %v; want all, and later changes only", a.family, a.initial)
	}
	syscall.SyscallN(a.callback, a.context, 0, 1)
	if kind := <-s.hints; kind != system.NetworkChanged {
		t.Errorf("hint %d, want NetworkChanged", kind)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	syscall.SyscallN(a.callback, a.context, 0, 1)
	if len(s.hints) != 0 {
		t.Error("heard after the end")
	}
	if canceled != 2 {
		t.Errorf("canceled %d of 2 registrations", canceled)
	}
}

func TestNotificationsRefused(t *testing.T) {
	var a asked
	refused := windows.ERROR_NOT_SUPPORTED
	for want, second := range map[error]notifier{
		refused:               noting(&a, 0, refused),
		errors.ErrUnsupported: noting(&a, 0, nil), // success, but nothing that could be cancelled
	} {
		s := newSink()
		canceled := 0
		err := notified(t.Context(), s, canceling(&canceled, noting(&a, 0x1234, nil), second))
		if canceled != 1 {
			t.Errorf("canceled %d registrations, want the one there was", canceled)
		}
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
		select {
		case <-s.ready:
			t.Error("it says that nothing is missed")
		default:
		}
	}
}

func TestAddressListStops(t *testing.T) {
	for range 5 {
		s := newSink()
		if err := start(t, watchAddresses, s)(); err != nil {
			t.Fatal(err)
		}
	}
	requests.Range(func(any, any) bool { t.Error("a request is left"); return true })
}
