//go:build darwin || iokitfake

package iokit

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// libraries are where the functions come from.
type libraries struct{ ioKit, coreFoundation string }

// functions are those of IOKit and CoreFoundation that are used here. io_connect_t and
// io_object_t are uint32, IOReturn is int32, Boolean a byte, and what CoreFoundation hands out
// is a uintptr.
type functions struct {
	register    func(refcon uintptr, port *uintptr, callback uintptr, notifier *uint32) uint32
	deregister  func(notifier *uint32) int32
	allow       func(connection uint32, id uintptr) int32
	close       func(connection uint32) int32
	portSource  func(port uintptr) uintptr
	portDestroy func(port uintptr)

	currentLoop  func() uintptr
	run          func(mode uintptr, seconds float64, untilHandled bool) int32
	wakeUp       func(loop uintptr)
	sourceCreate func(allocator uintptr, order int, context *sourceContext) uintptr
	sourceSignal func(source uintptr)
	addSource    func(loop, source, mode uintptr)
	removeSource func(loop, source, mode uintptr)
	release      func(ref uintptr)

	defaultMode uintptr // the value of kCFRunLoopDefaultMode
}

// sourceContext is CFRunLoopSourceContext, version 0.
type sourceContext struct {
	_       int // version
	info    uintptr
	_, _, _ uintptr // retain, release, copyDescription
	_, _, _ uintptr // equal, hash, schedule
	_       uintptr // cancel
	perform uintptr
}

// load finds the functions. It fails, rather than panics, if one is missing.
func load(from libraries) (*functions, error) {
	ioKit, err := purego.Dlopen(from.ioKit, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("load IOKit: %w", err)
	}
	coreFoundation, err := purego.Dlopen(from.coreFoundation, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("load CoreFoundation: %w", err)
	}
	f := new(functions)
	for _, s := range []struct {
		library  uintptr
		function any
		name     string
	}{
		{ioKit, &f.register, "IORegisterForSystemPower"},
		{ioKit, &f.deregister, "IODeregisterForSystemPower"},
		{ioKit, &f.allow, "IOAllowPowerChange"},
		{ioKit, &f.close, "IOServiceClose"},
		{ioKit, &f.portSource, "IONotificationPortGetRunLoopSource"},
		{ioKit, &f.portDestroy, "IONotificationPortDestroy"},
		{coreFoundation, &f.currentLoop, "CFRunLoopGetCurrent"},
		{coreFoundation, &f.run, "CFRunLoopRunInMode"},
		{coreFoundation, &f.wakeUp, "CFRunLoopWakeUp"},
		{coreFoundation, &f.sourceCreate, "CFRunLoopSourceCreate"},
		{coreFoundation, &f.sourceSignal, "CFRunLoopSourceSignal"},
		{coreFoundation, &f.addSource, "CFRunLoopAddSource"},
		{coreFoundation, &f.removeSource, "CFRunLoopRemoveSource"},
		{coreFoundation, &f.release, "CFRelease"},
	} {
		address, err := purego.Dlsym(s.library, s.name)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", s.name, err)
		}
		purego.RegisterFunc(s.function, address)
	}
	variable, err := purego.Dlsym(coreFoundation, "kCFRunLoopDefaultMode")
	if err != nil {
		return nil, fmt.Errorf("find kCFRunLoopDefaultMode: %w", err)
	}
	f.defaultMode = **(**uintptr)(unsafe.Pointer(&variable)) // *(CFStringRef *)variable, for vet's liking
	return f, nil
}
