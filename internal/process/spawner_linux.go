package process

import (
	"os/exec"
	"runtime"
	"syscall"
)

// spawner starts commands from one thread that lives as long as it does. The
// kernel sends a command its death signal when the *thread* that started it ends,
// and Go ends threads as it likes; so this one is reserved.
type spawner struct {
	requests chan spawnRequest
}

type spawnRequest struct {
	cmd   *exec.Cmd
	reply chan<- spawnReply
}

type spawnReply struct {
	group *group
	err   error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest)}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for r := range s.requests {
			// SIGTERM and not SIGKILL: it reaches the command alone, and npm or a
			// shell that is killed leaves its children running.
			r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
			g, err := startGroup(r.cmd)
			r.reply <- spawnReply{g, err}
		}
	}()
	return s
}

func (s *spawner) start(cmd *exec.Cmd) (*group, error) {
	reply := make(chan spawnReply, 1)
	s.requests <- spawnRequest{cmd, reply}
	r := <-reply
	return r.group, r.err
}

// close ends the thread. Every command must have ended before.
func (s *spawner) close() { close(s.requests) }
