package process

import (
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/logstore"
)

// run is one run of a command with its restarts. supervise owns it.
type run struct {
	m    *Manager
	id   string
	spec Spec
	log  *logstore.Run

	begun  chan struct{} // closed after the first attempt to start
	done   chan struct{} // closed when the run is over
	stop   chan struct{} // closed by requestStop
	kill   chan struct{} // closed by requestKill
	stopIt func()
	killIt func()

	mu        sync.Mutex
	published Status // written by supervise only
}

func newRun(m *Manager, id string, spec Spec) *run {
	r := &run{
		m: m, id: id, spec: spec,
		log:   m.cfg.Logs.Open(spec.Name, id),
		begun: make(chan struct{}), done: make(chan struct{}),
		stop: make(chan struct{}), kill: make(chan struct{}),
		published: Status{ID: id, Name: spec.Name, Args: spec.Args, StartedAt: time.Now()},
	}
	r.stopIt = sync.OnceFunc(func() { close(r.stop) })
	r.killIt = sync.OnceFunc(func() { close(r.kill) })
	return r
}

func (r *run) requestStop() { r.stopIt() }
func (r *run) requestKill() { r.killIt() }

func (r *run) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.published
}

// ended agrees with what status says: whoever reads there that the run is over may start anew.
func (r *run) ended() bool { return r.status().State.Ended() }

func (r *run) publish(change func(*Status)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.published)
}

// supervise starts the command, again and again if its policy says so, until
// the run is over.
func (r *run) supervise() {
	var exit *Exit
	var wait backoff
	for restarts := 0; ; restarts++ {
		started := time.Now()
		exit = r.once(restarts)
		if r.stopRequested() || !r.spec.Restart.after(exit) || exit.Err != nil && restarts == 0 {
			break
		}
		if !r.pause(exit, wait.next(time.Since(started))) {
			break
		}
	}
	r.finish(exit)
}

// once runs the command once, to the end of its group.
func (r *run) once(restarts int) *Exit {
	c, err := r.m.startChild(r.spec, r.log)
	if err != nil {
		return &Exit{Code: -1, Err: err}
	}
	r.publish(func(s *Status) {
		s.State, s.PID, s.Restarts, s.NextStart = Running, c.pid(), restarts, time.Time{}
	})
	if restarts == 0 {
		close(r.begun)
	}
	r.m.cfg.Logger.Info("process started", "process", r.id, "pid", c.pid())

	for stop, kill := r.stop, r.kill; ; {
		select {
		case <-c.exited:
			r.publish(func(s *Status) { s.State, s.PID = Stopping, 0 }) // what it left behind
			return c.reap(r.m.cfg.Grace, kill)
		case <-stop:
			stop = nil
			r.publish(func(s *Status) { s.State = Stopping })
			c.askToStop(r.m.cfg.Grace)
		case <-kill:
			kill = nil
			c.kill()
		case <-c.graceOver:
			c.kill()
		}
	}
}

// pause waits before a restart. It reports false if the run is to stop.
func (r *run) pause(exit *Exit, delay time.Duration) bool {
	level := logstore.Error
	if exit.OK() {
		level = logstore.Info
	}
	r.log.Note(level, exit.String()+"; restarting in "+delay.String())
	r.m.cfg.Logger.Warn("process ended, restarting", "process", r.id, "exit", exit.String(), "in", delay)
	t := time.NewTimer(delay)
	defer t.Stop()
	r.publish(func(s *Status) {
		s.State, s.PID, s.Exit, s.NextStart = Restarting, 0, exit, time.Now().Add(delay)
	})
	select {
	case <-t.C:
		return !r.stopRequested()
	case <-r.stop:
		return false
	}
}

func (r *run) finish(exit *Exit) {
	state, level := Failed, logstore.Error
	switch {
	case r.stopRequested():
		state, level = Stopped, logstore.Info
	case exit.OK():
		state, level = Success, logstore.Info
	}
	r.log.Note(level, exit.String())
	r.log.Close()
	r.publish(func(s *Status) {
		s.State, s.PID, s.Exit, s.NextStart, s.EndedAt = state, 0, exit, time.Time{}, time.Now()
	})
	r.m.cfg.Logger.Info("process ended", "process", r.id, "state", state.String(), "exit", exit.String())
	close(r.done)
	select {
	case <-r.begun:
	default:
		close(r.begun) // after done: whom Start tells of a failure may start anew
	}
}

func (r *run) stopRequested() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}
