//go:build integration

package test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The commands of the README do what it says, in its order, as they stand there; only make is
// left out, and the hub's HTTP port is any, since somebody may be using brum on this machine.
func TestReadmeCommands(t *testing.T) {
	need(t, "sh", "curl")
	t.Parallel()
	w := newWorld(t)
	w.env = append(w.env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	ran, httpAddress := 0, ""
	for _, block := range blocks(t, "sh") {
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "make ") || strings.HasPrefix(line, "export PATH="):
				continue
			case strings.HasPrefix(line, "brum-instance"):
				w.start(w.shell(line))
			case line == "brum-hub serve":
				w.start(w.shell(line + " --http 127.0.0.1:0"))
				w.await("the instance", func() bool { return w.allActive(1) })
				httpAddress = w.httpAddress()
			case strings.HasSuffix(line, " -f"):
				w.goesOn(line)
			case line == "brum-hub doctor":
				w.examines(line)
			default:
				out := w.prints(strings.ReplaceAll(line, "http://127.0.0.1:7770", httpAddress))
				if want := shown(line); !strings.Contains(out, want) {
					t.Errorf("%s prints no %q:\n%s", line, want, out)
				}
			}
			ran++
		}
	}
	if ran < 9 {
		t.Errorf("only %d commands were found", ran)
	}
}

// shown is what a command has to print at the least.
func shown(line string) string {
	switch {
	case strings.Contains(line, "status"):
		return "clock"
	case strings.Contains(line, "history"):
		return "active"
	case strings.Contains(line, "scripts_list"):
		return "while date"
	default: // the clock's lines
		return ":"
	}
}

// shell is a command line; sh makes way for the program, so that signals reach that.
func (w *world) shell(line string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", "exec "+line)
	cmd.Env, cmd.Dir = w.env, w.dir
	return cmd
}

// prints runs a command to its end, again while it has nothing to tell yet.
func (w *world) prints(line string) (out string) {
	w.t.Helper()
	w.await(line, func() bool {
		cmd := w.shell(line)
		var problem strings.Builder
		cmd.Stderr = &problem
		data, err := cmd.Output()
		if err != nil {
			w.t.Fatalf("%s: %v\n%s%s", line, err, data, problem.String())
		}
		out = string(data)
		return out != ""
	})
	return out
}

// examines runs a doctor, for whom not all need be well with this machine.
func (w *world) examines(line string) {
	w.t.Helper()
	const unwell = 10
	out, err := w.shell(line).Output()
	if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() != unwell) {
		w.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	for _, part := range []string{"power", "discovery", "sessions", "clock-"} {
		if !strings.Contains(string(out), part) {
			w.t.Errorf("%s says nothing of %s:\n%s", line, part, out)
		}
	}
}

// goesOn runs a command that prints more and more, until it has.
func (w *world) goesOn(line string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", "exec "+line)
	cmd.Env, cmd.Dir = w.env, w.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var out text
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	first := -1
	w.await(line, func() bool {
		n := strings.Count(out.String(), "\n")
		if first < 0 && n > 0 {
			first = n
		}
		return first > 0 && n >= first+2
	})
	cancel()
	if err := cmd.Wait(); err != nil && ctx.Err() == nil {
		w.t.Errorf("%s: %v\n%s", line, err, out.String())
	}
}

// httpAddress is where the hub serves HTTP.
func (w *world) httpAddress() string {
	w.t.Helper()
	s, err := w.status()
	if err != nil || s.Hub.HTTP == "" {
		w.t.Fatalf("%+v, %v", s, err)
	}
	return s.Hub.HTTP
}
