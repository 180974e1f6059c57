package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// foreign is a peer whose client is another program, too. It is given jobs on its standard
// input, one after the other, and does them as this program would.
type foreign interface {
	peer
	client() (*exec.Cmd, error)
}

// job is what such a client is asked to do.
type job struct {
	Do    string // see the program
	Addr  string `json:",omitempty"`
	Size  int    `json:",omitempty"`
	Count int    `json:",omitempty"`
	Every int    `json:",omitempty"` // of Count messages, in milliseconds
}

// jobResult is its answer.
type jobResult struct {
	Error    string
	Value    float64
	Count    int
	Took     float64 // milliseconds
	Usage    usage
	Standing standing
}

type foreignClient struct {
	name  string
	cmd   *exec.Cmd
	mu    sync.Mutex // held from a job to its result
	ask   io.WriteCloser
	reply *json.Decoder
}

func startForeign(f foreign) (*foreignClient, error) {
	cmd, err := f.client()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startOn(clientCore, cmd); err != nil {
		return nil, err
	}
	return &foreignClient{name: f.name(), cmd: cmd, ask: in, reply: json.NewDecoder(out)}, nil
}

func (c *foreignClient) do(j job) (jobResult, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.start(j); err != nil {
		return jobResult{}, err
	}
	return c.result()
}

// start asks, and leaves it to result to wait; there must be no other job meanwhile.
func (c *foreignClient) start(j job) error { return json.NewEncoder(c.ask).Encode(j) }

func (c *foreignClient) result() (jobResult, error) {
	var r jobResult
	if err := c.reply.Decode(&r); err != nil {
		return r, fmt.Errorf("client of %s: %w", c.name, err)
	}
	if r.Error != "" {
		return r, fmt.Errorf("client of %s: %s", c.name, r.Error)
	}
	return r, nil
}

func (c *foreignClient) begin(addr string, l load) (run func(int) (outcome, error), done func(), err error) {
	if _, err := c.do(job{Do: "open", Addr: addr, Count: 1}); err != nil {
		return nil, nil, err
	}
	run = func(count int) (outcome, error) {
		r, err := c.do(job{Do: l.kind, Size: l.size, Count: count})
		return outcome{r.Value, r.Count, time.Duration(r.Took * float64(time.Millisecond))}, err
	}
	return run, func() { c.do(job{Do: "close"}) }, nil
}

func (c *foreignClient) usage() (usage, error) {
	r, err := c.do(job{Do: "usage"})
	return r.Usage, err
}

// stop ends the client, which works until its standard input ends.
func (c *foreignClient) stop() {
	c.ask.Close()
	defer time.AfterFunc(10*time.Second, func() { c.cmd.Process.Kill() }).Stop()
	c.cmd.Wait()
}
