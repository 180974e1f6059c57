//go:build sleep && linux

package side

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"sync"
)

// Follower is a brum-hub logs -f whose lines must come without gap or repetition.
type Follower struct {
	cmd *exec.Cmd

	mu   sync.Mutex
	logs Logs
}

// Logs is how far a follower is.
type Logs struct {
	Last  uint64 // line
	Fault string // what was wrong first
}

// Follow follows the output of the hub's instance.
func (h *Hub) Follow(instance string) (*Follower, error) {
	f := &Follower{cmd: exec.Command(h.path, "logs", instance, "-f", "--json", "--socket", h.socket())}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	f.cmd.Stderr = h.Program
	if err := f.cmd.Start(); err != nil {
		return nil, err
	}
	go f.read(out)
	return f, nil
}

func (f *Follower) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		f.take(lines.Bytes())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault("the follower has ended: %v", lines.Err())
}

func (f *Follower) take(data []byte) {
	var rec struct {
		Line *struct {
			Seq  uint64
			Text string
		}
		Gap json.RawMessage
	}
	err := json.Unmarshal(data, &rec)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
		f.fault("%v: %s", err, data)
	case rec.Gap != nil:
		f.fault("a gap after line %d: %s", f.logs.Last, rec.Gap)
	case rec.Line == nil:
	case f.logs.Last != 0 && rec.Line.Seq != f.logs.Last+1:
		f.fault("line %d after line %d", rec.Line.Seq, f.logs.Last)
	case rec.Line.Text != fmt.Sprint("line ", rec.Line.Seq):
		f.fault("line %d is %q", rec.Line.Seq, rec.Line.Text)
	default:
		f.logs.Last = rec.Line.Seq
	}
}

// fault notes what is wrong. mu is held.
func (f *Follower) fault(format string, args ...any) {
	if f.logs.Fault == "" {
		f.logs.Fault = fmt.Sprintf(format, args...)
	}
}

// Logs is how far it is.
func (f *Follower) Logs() Logs {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.logs
}

// Stop ends it.
func (f *Follower) Stop() {
	f.cmd.Process.Kill()
	f.cmd.Wait()
}
