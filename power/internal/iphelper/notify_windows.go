package iphelper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/standardbeagle/brum/power/internal/system"
)

// Notifications hint at changes of interfaces, addresses and routes.
func Notifications(name string) system.Backend {
	return system.Backend{Name: name, Role: system.NetworkRole, Run: func(ctx context.Context, sink system.Sink) error {
		return notified(ctx, sink, native)
	}}
}

// api are the functions of the IP helper that are used here.
type api struct {
	notifiers []notifier
	cancel    func(handle windows.Handle) error // returns when the last callback has
}

// notifier asks for one kind of notifications.
type notifier struct {
	name   string
	notify func(family uint16, callback uintptr, context unsafe.Pointer, initial bool, handle *windows.Handle) error
}

var native = api{
	notifiers: []notifier{
		{"NotifyIpInterfaceChange", windows.NotifyIpInterfaceChange},
		{"NotifyUnicastIpAddressChange", windows.NotifyUnicastIpAddressChange},
		{"NotifyRouteChange2", windows.NotifyRouteChange2},
	},
	cancel: windows.CancelMibChangeNotify2,
}

// client is who asked. Its address tells callbacks whom they are for.
type client struct{ sink system.Sink }

var (
	clients  sync.Map // by uintptr of a client, which it keeps alive
	callback = sync.OnceValue(func() uintptr { return windows.NewCallback(called) })
)

// called runs on a thread of the system's, which cancelling waits for: it takes no lock that
// anybody holds who cancels. The row may be missing or half empty, so it is not looked at.
func called(id, _ uintptr, _ uint32) uintptr {
	if c, ok := clients.Load(id); ok {
		c.(*client).sink.Report(system.Hint{Kind: system.NetworkChanged})
	}
	return 0
}

// notified watches with all notifiers or not at all, so that nothing is missed unnoticed.
func notified(ctx context.Context, sink system.Sink, from api) error {
	c := &client{sink: sink}
	id := uintptr(unsafe.Pointer(c))
	clients.Store(id, c)
	defer clients.Delete(id)
	for _, n := range from.notifiers {
		var handle windows.Handle
		if err := n.notify(windows.AF_UNSPEC, callback(), unsafe.Pointer(c), false, &handle); err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		if handle == 0 {
			return fmt.Errorf("%s: success, but no registration: %w", n.name, errors.ErrUnsupported)
		}
		defer from.cancel(handle)
	}
	sink.Ready()
	<-ctx.Done()
	return nil
}
