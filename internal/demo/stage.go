package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// names of the instances.
var names = []string{"shop", "api"}

// stage is where the demo takes place: a hub, two instances, and a bad network between them.
type stage struct {
	plan
	dir, bin  string
	socket    string // of the hub
	network   *network
	programs  []*process
	followers map[string]*follower
	calls     []*call
}

func newStage(dir, bin string, p plan) (*stage, error) {
	for _, name := range []string{"brum-hub", "brum-instance"} {
		if _, err := os.Stat(program(bin, name)); err != nil {
			return nil, fmt.Errorf("%w (make build makes it)", err)
		}
	}
	s := &stage{plan: p, dir: dir, bin: bin, socket: filepath.Join(dir, "hub.sock"), followers: make(map[string]*follower)}
	for _, sub := range []string{"instances", "seen-by-hub", "state", "shop", "api"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// start brings everything up and shows it.
func (s *stage) start(ctx context.Context) error {
	heading("Two instances, each with a process that prints %d numbered lines, and a hub", s.lines())
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// The hub does not look where the instances announce themselves: it sees copies of
	// their files that lead through a proxy, which is the network that will fail.
	if s.network, err = newNetwork(filepath.Join(s.dir, "instances"), filepath.Join(s.dir, "seen-by-hub")); err != nil {
		return err
	}
	for _, name := range names {
		if err := s.run("brum-instance", "--name", name, "--dir", filepath.Join(s.dir, name), "--port", "0", "--quiet",
			"--discovery-dir", s.network.from, "--", self, "-count", name, "-outage", s.outage.String()); err != nil {
			return err
		}
	}
	if err := s.run("brum-hub", "serve", "--socket", s.socket, "--http", "off",
		"--state-dir", filepath.Join(s.dir, "state"), "--discovery-dir", s.network.to); err != nil {
		return err
	}
	for _, name := range names {
		if err := s.await(ctx, name, "active", func(i instance) bool { return i.State == "active" }); err != nil {
			return err
		}
		if s.followers[name], err = s.follow(name); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := s.followers[name].waitFor(ctx, 50); err != nil {
			return err
		}
	}
	return s.show(ctx, "status")
}

// cut takes the network away: what is sent disappears, no connection is closed, and new ones
// are accepted by nobody.
func (s *stage) cut(ctx context.Context) error {
	heading("The network dies for %v: packets vanish, nobody says goodbye", s.outage)
	s.network.fail()
	over := time.After(s.outage)
	// A call made meanwhile waits, and is executed exactly once, after it.
	for _, name := range names {
		c, err := s.call(name, "scripts_status", "{}")
		if err != nil {
			return err
		}
		s.calls = append(s.calls, c)
	}
	say("  a call to each instance is under way: it will have to wait\n")
	if err := sleep(ctx, s.outage*7/10); err != nil {
		return err
	}
	if err := s.show(ctx, "status"); err != nil {
		return err
	}
	for _, name := range names {
		if n := s.followers[name].count(); n >= s.lines() {
			return fmt.Errorf("%s: all lines have come already: there was no outage", name)
		}
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// heal brings the network back and shows how the sessions resume.
func (s *stage) heal(ctx context.Context) error {
	heading("The network is back")
	before := make(map[string]int)
	for _, name := range names {
		before[name] = s.followers[name].count()
	}
	s.network.heal()
	began := time.Now()
	for _, name := range names {
		resumed := func(i instance) bool { return i.State == "active" && i.Resumes > 0 }
		if err := s.await(ctx, name, "resumed", resumed); err != nil {
			return err
		}
	}
	took := time.Since(began)
	if s.within > 0 && took > s.within {
		return fmt.Errorf("the sessions were back after %v, not within %v", took, s.within)
	}
	say("  both sessions have resumed within %d ms of it\n", took.Milliseconds())
	for _, c := range s.calls {
		if err := c.wait(ctx); err != nil {
			return err
		}
	}
	say("  both calls have been answered\n")
	for _, name := range names {
		if err := s.followers[name].waitFor(ctx, before[name]+1); err != nil {
			return err
		}
	}
	if err := s.show(ctx, "status"); err != nil {
		return err
	}
	return s.show(ctx, "history", names[0])
}

// prove waits for the last lines and looks whether each came once.
func (s *stage) prove(ctx context.Context) error {
	heading("Every line, exactly once?")
	for _, name := range names {
		f := s.followers[name]
		if err := f.waitForEnd(ctx); err != nil {
			return err
		}
		if err := f.verify(s.lines()); err != nil {
			return fmt.Errorf("%s, followed through the outage: %w", name, err)
		}
		say("  %s: brum-hub logs -f followed %d lines through the outage: all in order, none missing, none twice\n", name, s.lines())
		again, err := s.readAll(ctx, name)
		if err != nil {
			return err
		}
		if err := again.verify(s.lines()); err != nil {
			return fmt.Errorf("%s, read again: %w", name, err)
		}
		if err := again.same(f); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	say("  reading all of them again shows the same\n")
	return nil
}

// close ends all programs, those started last first.
func (s *stage) close() error {
	var errs []error
	for _, f := range s.followers {
		f.process.stop()
	}
	for _, c := range s.calls {
		c.process.stop()
	}
	for i := len(s.programs) - 1; i >= 0; i-- {
		errs = append(errs, s.programs[i].stop())
	}
	if s.network != nil {
		errs = append(errs, s.network.close())
	}
	return errors.Join(errs...)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
