package session

import (
	"iter"
	"slices"
	"time"
)

// task is a goroutine of an application, or of the world when p is nil.
type task struct {
	d     *day
	p     *simProcess
	n     uint64
	next  func() (func(resume func()), bool)
	end   func()
	yield func(func(resume func())) bool
	over  bool
}

// taskStopped unwinds a task that is stopped.
type taskStopped struct{}

func (d *day) spawn(p *simProcess, body func(*task)) {
	t := &task{d: d, p: p}
	d.events++
	t.n = d.events
	t.next, t.end = iter.Pull(func(yield func(func(resume func())) bool) {
		t.yield = yield
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(taskStopped); !ok {
					panic(r)
				}
			}
		}()
		body(t)
	})
	d.tasks[t] = struct{}{}
	if p == nil {
		d.at(0, t.resume)
	} else {
		p.soon(t.resume)
	}
}

func (d *day) sortedTasks() []*task {
	list := make([]*task, 0, len(d.tasks))
	for t := range d.tasks {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *task) int { return int(a.n) - int(b.n) })
	return list
}

func (t *task) resume() {
	if t.over {
		return
	}
	arm, ok := t.next()
	if !ok {
		t.stop()
		return
	}
	arm(t.resume)
}

func (t *task) stop() {
	if !t.over {
		t.over = true
		delete(t.d.tasks, t)
		t.end()
	}
}

// suspend stops the task until resume is called.
func (t *task) suspend(arm func(resume func())) {
	if !t.yield(arm) {
		panic(taskStopped{})
	}
}

func (t *task) sleep(in time.Duration) {
	t.suspend(func(resume func()) {
		if t.p == nil {
			t.d.at(in, resume)
		} else {
			t.p.after(in, resume)
		}
	})
}

// waiter is a task that waits for something about a session.
type waiter struct {
	ready  func() bool
	resume func()
	over   bool
}

// wait blocks the task until ready, or for at most patience if that is above 0; it reports
// whether it came to ready.
func (t *task) wait(x *simDriver, patience time.Duration, ready func() bool) (ok bool) {
	if ready() {
		return true
	}
	t.suspend(func(resume func()) {
		w := &waiter{ready: ready}
		w.resume = func() { ok = true; t.p.soon(resume) }
		x.waiters = append(x.waiters, w)
		if patience > 0 {
			t.p.after(patience, func() {
				if !w.over {
					w.over = true
					resume()
				}
			})
		}
	})
	return ok
}
