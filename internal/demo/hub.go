package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// instance is what the demo reads of brum-hub status --json.
type instance struct {
	Name    string `json:"name"`
	State   string `json:"state"`
	Resumes int    `json:"resumes"`
}

// hub runs brum-hub with args against the demo's hub.
func (s *stage) hub(ctx context.Context, args ...string) ([]byte, error) {
	var out, problem bytes.Buffer
	cmd := exec.CommandContext(ctx, program(s.bin, "brum-hub"), append(args, "--socket", s.socket)...)
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("brum-hub %s: %w: %s", strings.Join(args, " "), err, problem.String())
	}
	return out.Bytes(), nil
}

// show prints a command and what it prints.
func (s *stage) show(ctx context.Context, args ...string) error {
	if err := s.alive(); err != nil {
		return err
	}
	out, err := s.hub(ctx, args...)
	if err != nil {
		return err
	}
	say("\n  %s\n", bold("$ brum-hub "+strings.Join(args, " ")))
	for line := range strings.Lines(string(out)) {
		say("  %s", line)
	}
	say("\n")
	return nil
}

// await looks at the status of an instance until it is as wanted.
func (s *stage) await(ctx context.Context, name, what string, wanted func(instance) bool) error {
	var last string
	for {
		if err := s.alive(); err != nil {
			return err
		}
		out, err := s.hub(ctx, "status", "--json")
		if err == nil {
			var status struct{ Instances []instance }
			if err := json.Unmarshal(out, &status); err != nil {
				return fmt.Errorf("brum-hub status --json: %w", err)
			}
			for _, i := range status.Instances {
				if i.Name == name && wanted(i) {
					return nil
				}
			}
			last = string(out)
		} else {
			last = err.Error()
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("%s is not %s: %s", name, what, last)
		}
	}
}

// call is a tool call that is under way.
type call struct {
	process *process
	out     lockedBuffer
}

func (s *stage) call(name, tool, arguments string) (*call, error) {
	c := &call{}
	var err error
	c.process, err = spawn(&c.out, program(s.bin, "brum-hub"), "call", name, tool, arguments, "--socket", s.socket)
	return c, err
}

func (c *call) wait(ctx context.Context) error {
	select {
	case <-c.process.ended:
	case <-ctx.Done():
		return fmt.Errorf("no answer to %s", c.process.name)
	}
	if c.process.result != nil {
		return c.process.failure()
	}
	return nil
}
