package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// stopPatience is how long a program may take to end.
const stopPatience = 5 * time.Second

// process is a running program.
type process struct {
	name   string
	cmd    *exec.Cmd
	log    lockedBuffer // its standard error
	ended  chan struct{}
	result error // valid once ended
}

// spawn starts a program whose standard output goes to out.
func spawn(out io.Writer, path string, args ...string) (*process, error) {
	p := &process{name: filepath.Base(path) + " " + strings.Join(args, " "), cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = out, &p.log
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.result = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// run starts one of brum's programs, which is to go on until the end.
func (s *stage) run(name string, args ...string) error {
	p, err := spawn(nil, program(s.bin, name), args...)
	if err == nil {
		s.programs = append(s.programs, p)
	}
	return err
}

// alive is an error if one of the programs has ended.
func (s *stage) alive() error {
	for _, p := range s.programs {
		select {
		case <-p.ended:
			return p.failure()
		default:
		}
	}
	return nil
}

func (p *process) failure() error {
	return fmt.Errorf("%s has ended: %v\n%s", p.name, p.result, p.log.String())
}

// stop asks the program to end, and waits; it is an error if it does not.
func (p *process) stop() error {
	select {
	case <-p.ended:
		return nil
	default:
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.cmd.Process.Kill() // there are no signals here
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopPatience):
	}
	p.cmd.Process.Kill()
	<-p.ended
	return fmt.Errorf("%s did not end within %v", p.name, stopPatience)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
