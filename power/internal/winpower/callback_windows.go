package winpower

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/standardbeagle/brum/power/internal/listeners"
)

var powerRegister = windows.NewLazySystemDLL("powrprof.dll").NewProc("PowerRegisterSuspendResumeNotification")

// deviceNotifyCallback: call back, rather than send messages to a window.
const deviceNotifyCallback = 2

// subscription is DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS.
type subscription struct{ callback, context uintptr }

// process is the one registration of this process, which lasts as long as it: to take one back
// crashes on some machines, and a callback can't be freed anyway.
var process struct {
	listeners listeners.Set[listener]

	mu           sync.Mutex // held while registering; callbacks do not take it
	handle       uintptr
	subscription subscription // Windows keeps a pointer to it
}

// register makes Windows call back, if it does not yet.
func register() error {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.handle != 0 {
		return nil
	}
	if err := powerRegister.Find(); err != nil {
		return err
	}
	process.subscription.callback = callback()
	code, _, _ := powerRegister.Call(deviceNotifyCallback,
		uintptr(unsafe.Pointer(&process.subscription)), uintptr(unsafe.Pointer(&process.handle)))
	switch {
	case code != 0:
		process.handle = 0
		return fmt.Errorf("PowerRegisterSuspendResumeNotification: %w", windows.Errno(code))
	case process.handle == 0:
		return errors.New("PowerRegisterSuspendResumeNotification: success, but no registration")
	}
	return nil
}

var callback = sync.OnceValue(func() uintptr { return windows.NewCallback(called) })

// called runs on a thread of the system's, which may call it on several at once.
func called(_ uintptr, kind uint32, _ uintptr) uintptr {
	deliver(process.listeners.All(), event(kind))
	return 0
}
