//go:build integration && linux

package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// site is a host with a hub and instances, which are the programs that users run.
type site struct {
	*host
	hub       *process
	instances map[string]*process
	discovery string
	state     string
	socket    string
	client    *http.Client
}

func newSite(h *host) *site {
	s := &site{host: h, instances: make(map[string]*process), discovery: filepath.Join(h.dir, "instances"),
		state: filepath.Join(h.dir, "state"), socket: filepath.Join(h.dir, "run", "hub.sock")}
	for _, dir := range []string{s.state, filepath.Dir(s.socket)} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			h.t.Fatal(err)
		}
	}
	// The socket is a file, which belongs to no network.
	s.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.socket)
	}}}
	h.t.Cleanup(s.client.CloseIdleConnections)
	return s
}

// environment is without settings of the user's.
func (s *site) environment() (env []string) {
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "BRUM") {
			env = append(env, setting)
		}
	}
	return append(env, "TMPDIR="+s.dir, "XDG_RUNTIME_DIR="+s.dir, "XDG_STATE_HOME="+s.dir)
}

// startHub starts the hub and waits until it answers.
func (s *site) startHub() {
	s.t.Helper()
	cmd := s.command(filepath.Join(bin, "brum-hub"), "serve", "--http", "off", "--socket", s.socket,
		"--state-dir", s.state, "--discovery-dir", s.discovery)
	cmd.Env = s.environment()
	s.hub = start(s.t, cmd)
	await(s.t, "the hub", func() bool {
		st, err := s.status()
		return err == nil && st.Hub.PID == cmd.Process.Pid
	})
}

// startInstance starts an instance; args may name what it runs.
func (s *site) startInstance(name string, args ...string) {
	s.t.Helper()
	cmd := s.command(filepath.Join(bin, "brum-instance"), append([]string{"--name", name, "--dir", s.dir, "--port", "0",
		"--quiet", "--discovery-dir", s.discovery}, args...)...)
	cmd.Env = s.environment()
	s.instances[name] = start(s.t, cmd)
}

// status is what the tests read of a hub's.
type status struct {
	Hub struct {
		PID int `json:"pid"`
	} `json:"hub"`
	Instances []instance `json:"instances"`
}

type instance struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	State     string `json:"raw_state"` // as it is, not as it is shown
	SessionID string `json:"session_id"`
	Epoch     uint64 `json:"epoch"`
	Resumes   uint64 `json:"resumes"`
}

func (s *site) status() (st status, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return st, s.ask(ctx, "GET", "status", nil, &st)
}

// change is one of a history.
type change struct {
	At       time.Time `json:"at"`
	From, To string
	Trigger  string `json:"trigger"`
}

func (s *site) history(name string) []change {
	s.t.Helper()
	var h struct {
		Changes []change `json:"changes"`
	}
	if err := s.ask(s.t.Context(), "GET", "history?instance="+name, nil, &h); err != nil {
		s.t.Fatal(err)
	}
	return h.Changes
}

// ask makes a request of the hub's API.
func (s *site) ask(ctx context.Context, method, what string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost/api/v1/"+what, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var b bytes.Buffer
		b.ReadFrom(resp.Body)
		return fmt.Errorf("%s: %s: %s", what, resp.Status, b.Bytes())
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// call calls a tool of an instance.
func (s *site) call(ctx context.Context, name, tool string, arguments any) (json.RawMessage, error) {
	var answer struct {
		Result json.RawMessage                 `json:"result"`
		Error  *struct{ Code, Message string } `json:"error"`
	}
	err := s.ask(ctx, "POST", "call", map[string]any{"instance": name, "tool": tool, "arguments": arguments}, &answer)
	if err == nil && answer.Error != nil {
		err = fmt.Errorf("%s of %s: %s: %s", tool, name, answer.Error.Code, answer.Error.Message)
	}
	return answer.Result, err
}

// allActive reports whether n instances are listed, all of them active.
func (s *site) allActive(n int) bool {
	st, err := s.status()
	return err == nil && len(st.Instances) == n &&
		!slices.ContainsFunc(st.Instances, func(i instance) bool { return i.State != "active" })
}

// awaitActive waits for that and returns the instances by name.
func (s *site) awaitActive(n int) map[string]instance {
	s.t.Helper()
	await(s.t, fmt.Sprint(n, " active instances"), func() bool { return s.allActive(n) })
	return s.byName()
}

func (s *site) byName() map[string]instance {
	s.t.Helper()
	st, err := s.status()
	if err != nil {
		s.t.Fatal(err)
	}
	all := make(map[string]instance)
	for _, i := range st.Instances {
		all[i.Name] = i
	}
	return all
}

// sameSessions checks that instances are on the sessions that they were on.
func (s *site) sameSessions(t *testing.T, before map[string]instance) {
	t.Helper()
	now := s.byName()
	for name, was := range before {
		if is := now[name]; is.SessionID != was.SessionID || is.ID != was.ID {
			t.Errorf("%s: %+v has become %+v", name, was, is)
		}
	}
}
