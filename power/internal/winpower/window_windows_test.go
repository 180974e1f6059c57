package winpower

import (
	"context"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/standardbeagle/brum/power/internal/system"
)

// heard keeps the events that a window hears.
type heard struct {
	mu     sync.Mutex
	events []uint32
}

func (h *heard) listen(e event, answer func()) {
	h.mu.Lock()
	h.events = append(h.events, uint32(e))
	h.mu.Unlock()
	answer()
}

// send sends a window message as the system does, and waits until it was dealt with.
func send(t *testing.T, to uintptr, message uint32, wParam uintptr) (result uintptr) {
	t.Helper()
	const abortIfHung, milliseconds = 2, 10_000
	ok, _, err := user32.NewProc("SendMessageTimeoutW").Call(to, uintptr(message), wParam, 0, abortIfHung, milliseconds, uintptr(unsafe.Pointer(&result)))
	if ok == 0 {
		t.Errorf("SendMessageTimeout: %v", err)
	}
	return result
}

func TestWindowHears(t *testing.T) {
	for range 20 {
		var h heard
		w, err := openWindow(h.listen)
		if err != nil {
			t.Fatal(err)
		}
		for _, number := range []uintptr{0x4, 0x12, 0x7} {
			if granted := send(t, w.handle, 0x218, number); granted != 1 {
				t.Errorf("event %#x is answered with %d, want TRUE", number, granted)
			}
		}
		send(t, w.handle, 0x219, 0x7) // WM_DEVICECHANGE
		if want := []uint32{0x4, 0x12, 0x7}; !slices.Equal(h.events, want) {
			t.Errorf("heard %#x, want %#x", h.events, want)
		}
		w.close()
		if w.err != nil {
			t.Error(w.err)
		}
	}
}

func TestWindowsOfTwoMonitors(t *testing.T) {
	var a, b heard
	first, err := openWindow(a.listen)
	if err != nil {
		t.Fatal(err)
	}
	second, err := openWindow(b.listen)
	if err != nil {
		t.Fatal(err)
	}
	first.close()
	send(t, second.handle, 0x218, 0x12)
	second.close()
	if len(a.events) != 0 || len(b.events) != 1 {
		t.Errorf("heard %#x and %#x, want the second only to hear", a.events, b.events)
	}
}

// hintSink is a monitor that passes hints on.
type hintSink struct {
	ready chan struct{}
	hints chan system.Hint
}

func (s hintSink) Ready()                        { close(s.ready) }
func (s hintSink) Report(h system.Hint)          { s.hints <- h }
func (s hintSink) Hold() (bool, <-chan struct{}) { return true, nil }
func (s hintSink) Holding(bool, error)           {}

func newHintSink() hintSink {
	return hintSink{ready: make(chan struct{}), hints: make(chan system.Hint, 10)}
}

func start(t *testing.T, run func(context.Context, system.Sink) error, s hintSink) (stop func()) {
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
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// handleOf finds the window of the only backend that runs.
func handleOf(t *testing.T) (handle uintptr) {
	t.Helper()
	n := 0
	windowListeners.Range(func(key, _ any) bool { handle = key.(uintptr); n++; return true })
	if n != 1 {
		t.Fatalf("%d windows, want one", n)
	}
	return handle
}

// The window holds the machine up while hooks run, and not for longer.
func TestWindowedBackend(t *testing.T) {
	s := newHintSink()
	stop := start(t, windowed, s)
	handle := handleOf(t)
	sent := make(chan struct{})
	go func() { defer close(sent); send(t, handle, 0x218, 0x4) }()
	h := <-s.hints
	if h.Kind != system.AboutToSleep || h.Budget != 1500*time.Millisecond {
		t.Errorf("hint %d with %v, want AboutToSleep with 1.5 s", h.Kind, h.Budget)
	}
	select {
	case <-sent:
		t.Error("the machine is not held up")
	case <-time.After(20 * time.Millisecond):
	}
	h.Ack()
	<-sent
	send(t, handle, 0x218, 0x12)
	if h := <-s.hints; h.Kind != system.Woke {
		t.Errorf("hint %d, want Woke", h.Kind)
	}
	stop()
}

func TestWindowDestroyed(t *testing.T) {
	s := newHintSink()
	done := make(chan error, 1)
	go func() { done <- windowed(t.Context(), s) }()
	<-s.ready
	send(t, handleOf(t), 0x10, 0) // WM_CLOSE
	if err := <-done; err == nil || !strings.Contains(err.Error(), "destroyed") {
		t.Errorf("error %v, want that the window was destroyed", err)
	}
}

// A callback is called here as Windows would, through its C function pointer.
func TestCallback(t *testing.T) {
	s := newHintSink()
	if err := register(); err != nil {
		t.Fatal(err)
	}
	stop := start(t, calledBack, s)
	call := func(number uintptr) {
		if r, _, _ := syscall.SyscallN(process.subscription.callback, process.subscription.context, number, 0); r != 0 {
			t.Errorf("the callback returned %d", r)
		}
	}
	call(0x12)
	if h := <-s.hints; h.Kind != system.Woke {
		t.Errorf("hint %d, want Woke", h.Kind)
	}
	slept := make(chan struct{})
	go func() { defer close(slept); call(0x4) }()
	(<-s.hints).Ack()
	<-slept
	stop()
	call(0x12) // nobody listens
	if len(s.hints) != 0 {
		t.Error("heard after the end")
	}
}

func TestOneRegistration(t *testing.T) {
	if err := register(); err != nil {
		t.Fatal(err)
	}
	handle := process.handle
	for range 3 {
		stop := start(t, run, newHintSink())
		stop()
	}
	if process.handle != handle {
		t.Error("it registered again")
	}
}
