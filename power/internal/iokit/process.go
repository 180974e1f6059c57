//go:build darwin || iokitfake

package iokit

import (
	"fmt"
	"sync"

	"github.com/ebitengine/purego"
)

// running are the loops of this process: the one that listeners share, and those that are
// about to end.
var running struct {
	mu     sync.Mutex // guards following
	shared *loop
	byID   map[uintptr]*loop
	lastID uintptr
}

// join returns the loop of this process, which it starts for the first who comes.
func join(from libraries) *loop {
	running.mu.Lock()
	defer running.mu.Unlock()
	if l := running.shared; l == nil || ended(l) {
		running.lastID += 2 // below it there is room for isBell
		l = newLoop(running.lastID)
		if running.byID == nil {
			running.byID = make(map[uintptr]*loop)
		}
		running.shared, running.byID[l.id] = l, l
		go l.main(from)
	}
	running.shared.users++
	return running.shared
}

func ended(l *loop) bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// leave undoes a join. It waits for the end of the loop if nobody else listens.
func leave(l *loop) {
	running.mu.Lock()
	l.users--
	last := l.users == 0
	if last && running.shared == l {
		running.shared = nil
	}
	running.mu.Unlock()
	if last {
		l.stop()
		<-l.done
	}
}

// forget is for a loop that the system no longer calls back for.
func forget(l *loop) {
	running.mu.Lock()
	defer running.mu.Unlock()
	delete(running.byID, l.id)
}

func find(id uintptr) *loop {
	running.mu.Lock()
	defer running.mu.Unlock()
	return running.byID[id]
}

// isBell marks the calls that only get a thread to look at its mailbox.
const isBell = 1

// callback is what the system calls. There is one for the process, as such things can't be
// freed.
var callback = sync.OnceValue(func() uintptr { return purego.NewCallback(called) })

// called runs on a loop's thread. With isBell there is a first argument only. No panic may
// leave it, for below it are the system's frames.
func called(id uintptr, _ uint32, kind uint32, argument uintptr) uintptr {
	if id&isBell != 0 {
		return 0
	}
	l := find(id)
	if l == nil {
		return 0
	}
	defer func() {
		if p := recover(); p != nil {
			l.post(func() { l.failure = fmt.Errorf("a listener panicked at %v: %v", message(kind), p) })
		}
	}()
	l.hear(message(kind), argument)
	return 0
}
