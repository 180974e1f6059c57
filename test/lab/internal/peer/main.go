// Command peer is a program of the lab, in one of several roles: either end of sessions that
// keep account of every message, or something that stands between, as real networks have it.
// It tells what happens in lines of JSON (package report) and goes on until its standard input
// ends; sessions are then closed in an orderly way, and their ledgers told.
package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/test/lab/internal/report"
)

// settings are those of all roles.
type settings struct {
	listen, target, certificate string
	names                       string
	sessions, size              int
	every                       time.Duration
	delay, idle                 time.Duration
	heartbeat                   time.Duration
	rate                        int
	key                         []byte
	log                         *slog.Logger
	out                         *report.Writer
}

// roles by name; each runs until done is closed.
var roles = map[string]func(s *settings, done <-chan struct{}) error{
	"dial": dial, "accept": accept, "path": path, "names": names,
}

func main() {
	s := &settings{key: []byte(os.Getenv("LAB_KEY")), out: report.NewWriter(os.Stdout)}
	s.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	role := flag.String("role", "", "dial, accept, path or names")
	flag.StringVar(&s.listen, "listen", "", "accept, path, names: address to listen on")
	flag.StringVar(&s.target, "target", "", "dial: URL; path: address to forward to; names: the answer to every question")
	flag.StringVar(&s.certificate, "certificate", "", "accept: file to write the certificate to; dial: to trust")
	flag.StringVar(&s.names, "names", "", "accept: names and addresses to be known by, separated by commas")
	flag.IntVar(&s.sessions, "sessions", 1, "dial: number of sessions")
	flag.IntVar(&s.size, "size", 64, "dial: bytes of a message")
	flag.DurationVar(&s.every, "every", 100*time.Millisecond, "accept, dial: pause between messages")
	flag.DurationVar(&s.heartbeat, "heartbeat", 0, "accept, dial: other than the default")
	flag.DurationVar(&s.delay, "delay", 0, "path: each way")
	flag.DurationVar(&s.idle, "idle", 0, "path: cut connections that carry nothing for so long")
	flag.IntVar(&s.rate, "rate", 0, "path: bytes a second each way, 0: any number")
	flag.Parse()

	done := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(done)
	}()
	run, ok := roles[*role]
	if !ok {
		fmt.Fprintf(os.Stderr, "peer: no role %q\n", *role)
		os.Exit(2)
	}
	if err := run(s, done); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

// config is that of sessions.
func (s *settings) config() session.Config {
	return session.Config{Key: s.key, Heartbeat: s.heartbeat, Window: 2 * s.heartbeat, Logger: s.log}
}

// ready tells where the peer listens.
func (s *settings) ready(address string) {
	s.out.Write(report.Line{Session: -1, Ready: &report.Ready{Address: address}})
}
