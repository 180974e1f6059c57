//go:build integration && linux

package lab

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program of the test's.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  buffer
	done chan struct{} // closed when it has ended
	err  error         // of its end
}

// start starts a program. What it leaves to be read on stderr is shown if the test fails.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, done: make(chan struct{})}
	cmd.Stderr = &p.log
	if cmd.Stdout == nil {
		cmd.Stdout = &p.log
	}
	if err := spawn(cmd); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%v:\n%s", cmd.Args, p.log.tail())
		}
	})
	return p
}

// spawner runs what it is sent, on a thread of its own that lives as long as this process.
var spawner = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// spawn starts a command that the kernel kills when this process ends, however it does; to the
// kernel that is the end of the thread that started it.
func spawn(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	spawner() <- func() { started <- cmd.Start() }
	return <-started
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends it at once, if it has not ended.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// awaitEnd waits for its end.
func (p *process) awaitEnd(within time.Duration) {
	p.t.Helper()
	select {
	case <-p.done:
		if p.err != nil {
			p.t.Errorf("%v: %v", p.cmd.Args, p.err)
		}
	case <-time.After(within):
		p.t.Fatalf("%v does not end", p.cmd.Args)
	}
}

// usage is what a process holds.
type usage struct {
	rss          float64 // MiB
	threads, fds float64
}

func (p *process) usage() (u usage, err error) {
	proc := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		n, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "VmRSS:":
			u.rss = n / 1024
		case "Threads:":
			u.threads = n
		}
	}
	fds, err := os.ReadDir(proc + "fd")
	u.fds = float64(len(fds))
	return u, err
}

// buffer keeps the end of what is written to it.
type buffer struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

var _ io.Writer = (*buffer)(nil)

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes.Len() > 1<<20 {
		b.bytes.Next(b.bytes.Len() / 2)
	}
	return b.bytes.Write(p)
}

func (b *buffer) tail() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.bytes.String()
	return all[max(0, len(all)-8000):]
}

// await waits until ok, which may take as long as a very busy machine needs.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s: in vain", what)
		}
	}
}
