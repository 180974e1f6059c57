package iphelper

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sys/windows"

	"github.com/standardbeagle/brum/power/internal/system"
)

// sioAddressListChange is an ioctl that ends when an IPv4 address comes or goes.
const sioAddressListChange = 0x28000017

// requests are those that the system writes to until they have ended. They must not be on a
// goroutine's stack, which moves.
var requests sync.Map

type request struct {
	overlapped windows.Overlapped
	n          uint32
}

// AddressList hints at IPv4 addresses that come and go. It is partial: of other changes it does
// not know.
func AddressList(name string) system.Backend {
	return system.Backend{Name: name, Role: system.NetworkRole, Partial: true, Run: watchAddresses}
}

func watchAddresses(ctx context.Context, sink system.Sink) (err error) {
	var data windows.WSAData
	if err := windows.WSAStartup(0x202, &data); err != nil {
		return fmt.Errorf("WSAStartup: %w", err)
	}
	defer windows.WSACleanup()
	socket, err := windows.WSASocket(windows.AF_INET, windows.SOCK_DGRAM, 0, nil, 0, windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		return fmt.Errorf("WSASocket: %w", err)
	}
	defer windows.Closesocket(socket)
	changed, err := windows.CreateEvent(nil, 0, 0, nil)
	if err != nil {
		return fmt.Errorf("CreateEvent: %w", err)
	}
	defer windows.CloseHandle(changed)
	stopped, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return fmt.Errorf("CreateEvent: %w", err)
	}
	defer windows.CloseHandle(stopped)
	// stopped must not be closed before it is set for the last time.
	set := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { defer close(set); _ = windows.SetEvent(stopped) })
	defer func() {
		if !stop() {
			<-set
		}
	}()
	for ready := sink.Ready; ; ready = func() { sink.Report(system.Hint{Kind: system.NetworkChanged}) } {
		again, err := nextChange(socket, changed, stopped, ready)
		if err != nil || !again {
			return err
		}
	}
}

// nextChange waits for a change, or for stopped, upon which it returns false. It calls ready
// when nothing is missed any more.
func nextChange(socket, changed, stopped windows.Handle, ready func()) (again bool, err error) {
	r := &request{overlapped: windows.Overlapped{HEvent: changed}}
	requests.Store(r, nil)
	defer requests.Delete(r)
	err = windows.WSAIoctl(socket, sioAddressListChange, nil, 0, nil, 0, &r.n, &r.overlapped, 0)
	if err != nil && err != windows.ERROR_IO_PENDING {
		return false, fmt.Errorf("SIO_ADDRESS_LIST_CHANGE: %w", err)
	}
	ready()
	which, err := windows.WaitForMultipleObjects([]windows.Handle{stopped, changed}, false, windows.INFINITE)
	switch {
	case err != nil:
		return false, fmt.Errorf("WaitForMultipleObjects: %w", err)
	case which == windows.WAIT_OBJECT_0+1:
		var flags uint32
		if err := windows.WSAGetOverlappedResult(socket, &r.overlapped, &r.n, false, &flags); err != nil {
			return false, fmt.Errorf("SIO_ADDRESS_LIST_CHANGE: %w", err)
		}
		return true, nil
	}
	if err := windows.CancelIoEx(socket, &r.overlapped); err == nil {
		_, _ = windows.WaitForSingleObject(changed, windows.INFINITE)
	}
	return false, nil
}
