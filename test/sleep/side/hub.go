//go:build sleep && linux

package side

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const hubAddress = "127.0.0.1:7770" // each side has a network of its own

// Hub is a brum-hub that knows one instance, on the other side. It is used over HTTP.
type Hub struct {
	*Program
	path, dir string
	http      http.Client
}

// StartHub starts a hub that keeps its files in dir, with settings, and waits until it answers.
func StartHub(ctx context.Context, path, dir string, env ...string) (*Hub, error) {
	h := &Hub{path: path, dir: dir, http: http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	for _, d := range []string{dir, h.found()} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	var err error
	h.Program, err = Run(env, path, "serve", "--socket", h.socket(), "--state-dir", filepath.Join(dir, "state"),
		"--discovery-dir", h.found(), "--http", hubAddress, "--log-level", "debug")
	if err != nil {
		return nil, err
	}
	return h, until(ctx, "an answer of the hub", func() error {
		_, err := h.status(ctx)
		return err
	})
}

func (h *Hub) socket() string { return filepath.Join(h.dir, "hub.sock") }
func (h *Hub) found() string  { return filepath.Join(h.dir, "found") }

// Announce lets the hub find an instance of the other side: its file, with the URL by which it
// is reached from here.
func (h *Hub) Announce(file []byte, url string) error {
	var record map[string]any
	if err := json.Unmarshal(file, &record); err != nil {
		return err
	}
	record["session_url"] = url
	data, err := json.Marshal(record)
	if err != nil {
		return err
	}
	staged := filepath.Join(h.dir, "staged")
	if err := os.WriteFile(staged, data, 0o600); err != nil {
		return err
	}
	return os.Rename(staged, filepath.Join(h.found(), fmt.Sprint(record["id"], ".json")))
}

// Instance is what a hub says about its instance.
type Instance struct {
	ID         string  `json:"id"`
	State      string  `json:"state"`
	SessionID  string  `json:"session_id"`
	Resumes    uint64  `json:"resumes"`
	LastError  string  `json:"last_error"`
	RTTMillis  float64 `json:"rtt_ms"`
	LastResume *Resume `json:"last_resume"`
}

// RTT is the session's round trip time.
func (i Instance) RTT() time.Duration { return time.Duration(i.RTTMillis * float64(time.Millisecond)) }

// Trigger is what the last resume was by, "" if there was none.
func (i Instance) Trigger() string {
	if i.LastResume == nil {
		return ""
	}
	return i.LastResume.Trigger
}

// Resume is how a session came back.
type Resume struct {
	Trigger string    `json:"trigger"`
	At      time.Time `json:"at"`
}

// Change is one of an instance's state.
type Change struct {
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Trigger string    `json:"trigger"`
}

// Instance is the state of the hub's instance, which must be the only one.
func (h *Hub) Instance(ctx context.Context) (Instance, error) {
	list, err := h.status(ctx)
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("the hub knows %d instances", len(list))
	}
	if err != nil {
		return Instance{}, err
	}
	return list[0], nil
}

func (h *Hub) status(ctx context.Context) ([]Instance, error) {
	var s struct{ Instances []Instance }
	return s.Instances, h.ask(ctx, http.MethodGet, "status", nil, &s)
}

// WaitActive waits until the instance is active.
func (h *Hub) WaitActive(ctx context.Context) error {
	return until(ctx, "an active instance", func() error {
		i, err := h.Instance(ctx)
		if err == nil && i.State != "active" {
			err = fmt.Errorf("it is %s: %s", i.State, i.LastError)
		}
		return err
	})
}

// History is what became of the instance since a time.
func (h *Hub) History(ctx context.Context, instance string, since time.Time) ([]Change, error) {
	var s struct{ Changes []Change }
	if err := h.ask(ctx, http.MethodGet, "history?instance="+instance, nil, &s); err != nil {
		return nil, err
	}
	for len(s.Changes) > 0 && s.Changes[0].At.Before(since) {
		s.Changes = s.Changes[1:]
	}
	return s.Changes, nil
}

// Call has the instance run a tool, and returns when the answer has come.
func (h *Hub) Call(ctx context.Context, instance string) error {
	var r struct {
		Result *struct {
			IsError           bool
			StructuredContent json.RawMessage
		}
		Error json.RawMessage
	}
	err := h.ask(ctx, http.MethodPost, "call", map[string]any{"instance": instance, "tool": "scripts_status"}, &r)
	switch {
	case err != nil:
		return err
	case r.Result == nil, r.Result.IsError:
		return fmt.Errorf("the call failed: %s", r.Error)
	case !bytes.Contains(r.Result.StructuredContent, []byte("running")):
		return fmt.Errorf("the call was answered with %s", r.Result.StructuredContent)
	}
	return nil
}

func (h *Hub) ask(ctx context.Context, method, what string, body, into any) error {
	token, err := os.ReadFile(filepath.Join(h.dir, "state", "token"))
	if err != nil {
		return err
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+hubAddress+"/api/v1/"+what, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err == nil {
		err = json.Unmarshal(answer, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %.300s", what, err, answer)
	}
	return nil
}

// until tries until it works.
func until(ctx context.Context, what string, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no %s: %w", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
