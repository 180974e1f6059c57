package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"time"
)

// server is another process that has the other side: this program, started again.
type server struct {
	name  string
	cmd   *exec.Cmd
	addr  string
	ask   io.WriteCloser
	reply *json.Decoder
}

// question is what this process asks the other on its standard input.
type question struct {
	Settled  bool // its usage, after it has collected garbage
	Cut      bool // to reset all connections it has accepted
	Exchange int  // how this exchange stands
	Release  bool // and to let what is left of it go
}

type answer struct {
	Usage    usage
	Cut      int
	Standing standing
}

// childProcess is a peer whose server is not this program.
type childProcess interface {
	command() (*exec.Cmd, error)
}

// startServer starts the process that serves a peer, on a core of its own where that can be.
func startServer(p peer) (*server, error) {
	if child, ok := p.(childProcess); ok {
		cmd, err := child.command()
		if err != nil {
			return nil, err
		}
		return startProcess(p.name(), cmd)
	}
	return startRole(p.name())
}

// startRole starts this program in another role.
func startRole(role string, args ...string) (*server, error) {
	cmd, err := self(append([]string{"-serve", role}, args...)...)
	if err != nil {
		return nil, err
	}
	return startProcess(role, cmd)
}

func self(args ...string) (*exec.Cmd, error) {
	exe, err := os.Executable()
	return exec.Command(exe, args...), err
}

func startProcess(name string, cmd *exec.Cmd) (*server, error) {
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startOn(serverCore, cmd); err != nil {
		return nil, err
	}
	s := &server{name: name, cmd: cmd, ask: in, reply: json.NewDecoder(out)}
	if err := s.reply.Decode(&s.addr); err != nil {
		s.stop()
		return nil, fmt.Errorf("server of %s: %w", name, err)
	}
	return s, nil
}

func (s *server) question(q question) (answer, error) {
	var a answer
	err := json.NewEncoder(s.ask).Encode(q)
	if err == nil {
		err = s.reply.Decode(&a)
	}
	if err != nil {
		return a, fmt.Errorf("server of %s: %w", s.name, err)
	}
	return a, nil
}

func (s *server) usage(settled bool) (usage, error) {
	a, err := s.question(question{Settled: settled})
	return a.Usage, err
}

// stop ends the process, which serves until its standard input ends. It is killed if it does
// not.
func (s *server) stop() {
	s.ask.Close()
	defer time.AfterFunc(10*time.Second, func() { s.cmd.Process.Kill() }).Stop()
	s.cmd.Wait()
}

// role is what a server's process does with its listener, until ctx is done.
type role func(ctx context.Context, l net.Listener) error

func findRole(name string) (role, error) {
	if p, err := findPeer(name); err == nil {
		return func(ctx context.Context, l net.Listener) error { return p.serve(ctx, l, newService) }, nil
	}
	if r := roles()[name]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("there is nothing to serve called %q", name)
}

// runServer is the server's process.
func runServer(serve role) error {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	l := &cuttable{Listener: tcp}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, l) }()
	err = answerQuestions(tcp.Addr().String(), l, served)
	cancel()
	select {
	case e := <-served:
		if err == nil && !errors.Is(e, context.Canceled) {
			err = e
		}
	case <-time.After(5 * time.Second): // what still runs ends with the process
	}
	return err
}

// answerQuestions says where the process can be reached, and answers until its standard input
// ends.
func answerQuestions(addr string, l *cuttable, served <-chan error) error {
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(addr); err != nil {
		return err
	}
	in := json.NewDecoder(os.Stdin)
	for {
		var q question
		switch err := in.Decode(&q); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
		select {
		case err := <-served:
			return fmt.Errorf("it ended: %w", err)
		default:
		}
		var a answer
		if q.Cut {
			a.Cut = l.cut()
		}
		if q.Exchange != 0 {
			a.Standing = exchanges.find(q.Exchange, q.Release)
		}
		a.Usage = measure(q.Settled)
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}
