package winpower

import (
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	user32          = windows.NewLazySystemDLL("user32.dll")
	registerClassEx = user32.NewProc("RegisterClassExW")
	createWindowEx  = user32.NewProc("CreateWindowExW")
	defWindowProc   = user32.NewProc("DefWindowProcW")
	getMessage      = user32.NewProc("GetMessageW")
	dispatchMessage = user32.NewProc("DispatchMessageW")
	postMessage     = user32.NewProc("PostMessageW")
	postQuitMessage = user32.NewProc("PostQuitMessage")
)

const (
	wmDestroy = 0x2
	wmClose   = 0x10

	errClassAlreadyExists = windows.Errno(1410)
)

// windowClass is WNDCLASSEXW.
type windowClass struct {
	size, style         uint32
	procedure           uintptr
	classExtra, extra   int32
	instance            windows.Handle
	icon, cursor, brush windows.Handle
	menu, name          *uint16
	smallIcon           windows.Handle
}

// windowMessage is MSG.
type windowMessage struct {
	window         uintptr
	message        uint32
	wParam, lParam uintptr
	time           uint32
	x, y           int32
	private        uint32
}

// className is the same for all windows of a process; other processes have classes of their own.
const className = "brum power"

// windowListeners says whom a window is for, by its handle.
var windowListeners sync.Map

// window is a hidden window and its thread.
type window struct {
	handle uintptr
	done   chan struct{} // closed when the window is gone
	err    error         // why, if nobody closed it; set before done is closed
}

// openWindow makes a window that tells listen of what is broadcast.
func openWindow(listen listener) (*window, error) {
	for _, p := range []*windows.LazyProc{registerClassEx, createWindowEx, defWindowProc, getMessage, dispatchMessage, postMessage, postQuitMessage} {
		if err := p.Find(); err != nil {
			return nil, err
		}
	}
	w := &window{done: make(chan struct{})}
	ready := make(chan error, 1)
	go w.main(listen, ready)
	if err := <-ready; err != nil {
		<-w.done
		return nil, err
	}
	return w, nil
}

// main is the thread, to which the window belongs.
func (w *window) main(listen listener, ready chan<- error) {
	defer close(w.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var err error
	if w.handle, err = createWindow(); err != nil {
		ready <- err
		return
	}
	windowListeners.Store(w.handle, listen)
	defer windowListeners.Delete(w.handle)
	ready <- nil
	w.err = pump()
}

// createWindow makes a window that nobody sees, of the calling thread. It must be a top-level
// one: those that are for messages only do not get what is broadcast.
func createWindow() (uintptr, error) {
	var module windows.Handle
	if err := windows.GetModuleHandleEx(0, nil, &module); err != nil {
		return 0, fmt.Errorf("GetModuleHandleEx: %w", err)
	}
	name, err := windows.UTF16PtrFromString(className)
	if err != nil {
		return 0, err
	}
	class := windowClass{procedure: windowProcedure(), instance: module, name: name}
	class.size = uint32(unsafe.Sizeof(class))
	if atom, _, err := registerClassEx.Call(uintptr(unsafe.Pointer(&class))); atom == 0 && err != errClassAlreadyExists {
		return 0, fmt.Errorf("RegisterClassEx: %w", err)
	}
	handle, _, err := createWindowEx.Call(0, uintptr(unsafe.Pointer(name)), 0, 0, 0, 0, 0, 0, 0, 0, uintptr(module), 0)
	if handle == 0 {
		return 0, fmt.Errorf("CreateWindowEx: %w", err)
	}
	return handle, nil
}

// pump handles messages to the windows of its thread until they are gone.
func pump() error {
	var m windowMessage
	for {
		more, _, err := getMessage.Call(uintptr(unsafe.Pointer(&m)), 0, 0, 0)
		switch int32(more) {
		case 0:
			return nil
		case -1:
			return fmt.Errorf("GetMessage: %w", err)
		}
		dispatchMessage.Call(uintptr(unsafe.Pointer(&m)))
	}
}

var windowProcedure = sync.OnceValue(func() uintptr { return windows.NewCallback(windowCalled) })

func windowCalled(handle uintptr, message uint32, wParam, lParam uintptr) uintptr {
	switch message {
	case broadcast:
		if listen, ok := windowListeners.Load(handle); ok {
			deliver([]listener{listen.(listener)}, event(wParam))
		}
		return 1 // TRUE: granted
	case wmDestroy:
		postQuitMessage.Call(0)
		return 0
	}
	result, _, _ := defWindowProc.Call(handle, uintptr(message), wParam, lParam)
	return result
}

// close ends the thread, and waits for that.
func (w *window) close() {
	for {
		select {
		case <-w.done:
			return
		default:
		}
		if posted, _, _ := postMessage.Call(w.handle, wmClose, 0, 0); posted != 0 {
			<-w.done
			return
		}
		time.Sleep(10 * time.Millisecond) // ten thousand messages are waiting already, or it is gone
	}
}
