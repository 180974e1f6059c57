//go:build darwin || iokitfake

package iokit

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/standardbeagle/brum/power/internal/listeners"
)

const (
	handled  = 4    // kCFRunLoopRunHandledSource
	timedOut = 3    // kCFRunLoopRunTimedOut
	longRun  = 3600 // seconds

	// patience is how long listeners may take together before the system gets its answer from
	// here. After thirty seconds it goes on without one, and holds that against the process.
	patience = 20 * time.Second
)

// listener hears a message. If it is one that the system waits at, it must call answer once,
// soon, from wherever it likes. It must not wait for anything itself.
type listener func(m message, answer func())

// loop is a registration with IOKit and the thread that runs it.
type loop struct {
	id        uintptr // what callbacks know it by
	listeners listeners.Set[listener]
	ready     chan struct{} // closed when it hears
	done      chan struct{} // closed when its thread has let go of everything
	err       error         // why it ended, if nobody asked it to; set before closing done

	users int // guarded by running.mu

	mu sync.Mutex // guards following; CFRunLoopWakeUp, called under it, never waits
	// mailbox is what the thread is to do.
	answers []uintptr
	stopped bool
	failure error
	// wake makes the thread look at it; nil before it can and after it has ended.
	wake func()
}

func newLoop(id uintptr) *loop {
	return &loop{id: id, ready: make(chan struct{}), done: make(chan struct{})}
}

// main is the thread.
func (l *loop) main(from libraries) {
	defer func() {
		forget(l)
		close(l.done)
	}()
	f, err := load(from)
	if err != nil {
		l.err = err
		return
	}
	runtime.LockOSThread() // a run loop belongs to its thread
	defer runtime.UnlockOSThread()
	l.err = l.register(f)
}

// register listens until it is stopped.
func (l *loop) register(f *functions) error {
	var port uintptr
	var notifier uint32
	connection := f.register(l.id, &port, callback(), &notifier)
	if connection == 0 {
		return errors.New("IORegisterForSystemPower refused")
	}
	// Let go in the order of Apple's own example (QA1340).
	defer f.portDestroy(port)
	defer f.close(connection)
	defer f.deregister(&notifier)
	source := f.portSource(port)
	if source == 0 {
		return errors.New("IONotificationPortGetRunLoopSource refused")
	}
	current := f.currentLoop()
	f.addSource(current, source, f.defaultMode)
	defer f.removeSource(current, source, f.defaultMode)

	bell := f.sourceCreate(0, 0, &sourceContext{info: l.id | isBell, perform: callback()})
	if bell == 0 {
		return errors.New("CFRunLoopSourceCreate refused")
	}
	defer f.release(bell)
	f.addSource(current, bell, f.defaultMode)
	defer f.removeSource(current, bell, f.defaultMode)
	l.setWake(func() { f.sourceSignal(bell); f.wakeUp(current) })
	defer l.setWake(nil)
	close(l.ready)
	return l.run(f, connection)
}

// run hears and answers. Signals to the bell are kept until they are heard, unlike
// CFRunLoopStop, which is lost on a loop that does not run yet.
func (l *loop) run(f *functions, connection uint32) error {
	for {
		answers, stopped, failure := l.takeMail()
		for _, id := range answers {
			if code := f.allow(connection, id); code != 0 && failure == nil {
				failure = fmt.Errorf("IOAllowPowerChange: IOReturn %#x", uint32(code))
			}
		}
		if stopped || failure != nil {
			return failure
		}
		if code := f.run(f.defaultMode, longRun, true); code != handled && code != timedOut {
			return fmt.Errorf("CFRunLoopRunInMode ended with %d", code)
		}
	}
}

func (l *loop) setWake(wake func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake = wake
}

func (l *loop) takeMail() (answers []uintptr, stopped bool, failure error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	answers, l.answers = l.answers, nil
	return answers, l.stopped, l.failure
}

// post changes the mailbox and makes the thread look at it.
func (l *loop) post(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	if l.wake != nil {
		l.wake()
	}
}

// stop makes the thread end; done tells when it has.
func (l *loop) stop() { l.post(func() { l.stopped = true }) }

// hear tells the listeners. It runs on the thread, called by the system, and does not wait.
func (l *loop) hear(m message, id uintptr) {
	answer := func() {}
	all := l.listeners.All()
	if m.wantsAnswer() {
		give := sync.OnceFunc(func() { l.post(func() { l.answers = append(l.answers, id) }) })
		late := time.AfterFunc(patience, give)
		allow := func() { late.Stop(); give() }
		answer = listeners.Countdown(len(all), allow)
		defer func() {
			if p := recover(); p != nil {
				allow()
				panic(p)
			}
		}()
	}
	for _, tell := range all {
		tell(m, sync.OnceFunc(answer))
	}
}
