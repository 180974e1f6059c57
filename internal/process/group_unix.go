//go:build unix

package process

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// group is a process group. Its id is the pid of its first member.
type group struct {
	id      int
	zombies zombies
}

// startGroup starts cmd as the leader of a new group.
func startGroup(cmd *exec.Cmd) (*group, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &group{id: cmd.Process.Pid}, nil
}

// askToStop also continues the group: a stopped process could not obey.
func (g *group) askToStop() {
	unix.Kill(-g.id, unix.SIGTERM)
	unix.Kill(-g.id, unix.SIGCONT)
}

func (g *group) kill() { unix.Kill(-g.id, unix.SIGKILL) }

// gone reports whether no process of the group is left that could be signalled.
// It is called once the leader has been waited for. Members that this process
// inherited (it does where it is PID 1 of a container) are waited for here.
func (g *group) gone() bool {
	for {
		pid, err := unix.Wait4(-g.id, nil, unix.WNOHANG, nil)
		if err != nil || pid <= 0 {
			break
		}
	}
	return unix.Kill(-g.id, 0) != nil || g.zombies.only(g.id)
}

func (g *group) close() {}

func exitOf(ps *os.ProcessState) *Exit {
	e := &Exit{Code: ps.ExitCode()}
	if ws, ok := ps.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		e.Signal = unix.SignalName(ws.Signal())
	}
	return e
}
