package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/standardbeagle/brum/internal/logstore"
)

const (
	// groupPoll is how often a group whose command is gone is looked at; no
	// system tells when the last member leaves.
	groupPoll = 10 * time.Millisecond
	// killedWithin bounds the wait for a killed group.
	killedWithin = time.Second
	// drainWithin bounds the wait for the end of the output once the group is
	// gone: something that left the group may hold the pipe for ever.
	drainWithin = 500 * time.Millisecond
)

// child is a started command with its group and the readers of its output. All
// but the readers belongs to the goroutine that supervises the run.
type child struct {
	cmd   *exec.Cmd
	group *group

	exited chan struct{} // closed when the command (not its group) is gone
	exit   *Exit         // set before exited is closed

	graceOver <-chan time.Time // nil until asked to stop
	giveUp    <-chan time.Time // nil until killed

	pipes  []*os.File
	output sync.WaitGroup
}

func (m *Manager) startChild(spec Spec, log *logstore.Run) (*child, error) {
	cmd := exec.Command(spec.Args[0], spec.Args[1:]...)
	cmd.Dir = spec.Dir
	c := &child{cmd: cmd, exited: make(chan struct{})}

	// Pipes of our own: exec's would make Wait depend on whoever else holds them.
	stdout, outW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("output pipe: %w", err)
	}
	stderr, errW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("output pipe: %w", err), stdout.Close(), outW.Close())
	}
	cmd.Stdout, cmd.Stderr = outW, errW
	c.group, err = m.spawner.start(cmd)
	outW.Close()
	errW.Close()
	if err != nil {
		return nil, errors.Join(err, stdout.Close(), stderr.Close())
	}
	c.pipes = []*os.File{stdout, stderr}
	c.output.Go(func() { copyOutput(log.Writer(logstore.Stdout), stdout) })
	c.output.Go(func() { copyOutput(log.Writer(logstore.Stderr), stderr) })
	go func() {
		cmd.Wait() // its error is in ProcessState
		c.exit = exitOf(cmd.ProcessState)
		close(c.exited)
	}()
	return c, nil
}

func copyOutput(w *logstore.Writer, r io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		w.Write(buf[:n])
		if err != nil { // EOF, or closed by drain
			w.Flush()
			return
		}
	}
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// askToStop asks the whole group and starts the grace.
func (c *child) askToStop(grace time.Duration) {
	c.group.askToStop()
	c.graceOver = time.After(grace)
}

func (c *child) kill() {
	c.group.kill()
	if c.giveUp == nil {
		c.giveUp = time.After(killedWithin)
	}
}

// reap waits for the rest of the group after the command itself is gone, and for
// the end of the output. What the command left behind gets the same grace.
func (c *child) reap(grace time.Duration, kill <-chan struct{}) *Exit {
	if c.graceOver == nil && !c.group.gone() {
		c.askToStop(grace)
	}
	tick := time.NewTicker(groupPoll)
	defer tick.Stop()
	for over := false; !over && !c.group.gone(); {
		select {
		case <-tick.C:
		case <-c.graceOver:
			c.kill()
		case <-kill:
			kill = nil
			c.kill()
		case <-c.giveUp: // unkillable, or a zombie that nobody reaps
			over = true
		}
	}
	c.group.close()
	c.drain()
	return c.exit
}

func (c *child) drain() {
	closePipes := func() {
		for _, p := range c.pipes {
			p.Close()
		}
	}
	t := time.AfterFunc(drainWithin, closePipes)
	c.output.Wait()
	t.Stop()
	closePipes()
}
