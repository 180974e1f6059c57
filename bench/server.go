package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
)

// server is this program, started again as the server of a peer.
type server struct {
	cmd   *exec.Cmd
	addr  string
	ask   io.WriteCloser
	reply *json.Decoder
}

// question is what the client's process asks the server's on its standard input.
type question struct{ Settled bool }

// startServer starts a process that serves p; extra are more arguments.
func startServer(p peer, extra ...string) (*server, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, append([]string{"-serve", p.name()}, extra...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, ask: in, reply: json.NewDecoder(out)}
	if err := s.reply.Decode(&s.addr); err != nil {
		s.stop()
		return nil, fmt.Errorf("server of %s: %w", p.name(), err)
	}
	return s, nil
}

func (s *server) usage(settled bool) (usage, error) {
	if err := json.NewEncoder(s.ask).Encode(question{settled}); err != nil {
		return usage{}, err
	}
	var u usage
	err := s.reply.Decode(&u)
	return u, err
}

// stop ends the process, which serves until its standard input ends.
func (s *server) stop() {
	s.ask.Close()
	s.cmd.Wait()
}

// runServer is the server's process.
func runServer(p peer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- p.serve(l, handle) }()
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(l.Addr().String()); err != nil {
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
			return err
		default:
		}
		if err := out.Encode(measure(q.Settled)); err != nil {
			return err
		}
	}
}
