//go:build integration

package test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// aiClient is an AI tool: a client of the official SDK that runs brum-hub mcp.
type aiClient struct {
	t        *testing.T
	session  *mcp.ClientSession
	instance string
	process  string // whose log is read
	cursor   string
	log      []string // all lines read so far
}

func (w *world) connectAI(ctx context.Context) *aiClient {
	w.t.Helper()
	cmd := w.command("brum-hub", "mcp", "--http", "off")
	cmd.Stderr = os.Stderr
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { session.Close() })
	return &aiClient{t: w.t, session: session}
}

// has reports whether a tool is offered.
func (c *aiClient) has(name string) bool {
	c.t.Helper()
	for tool, err := range c.session.Tools(c.t.Context(), nil) {
		if err != nil {
			c.t.Fatal(err)
		}
		if tool.Name == name {
			return true
		}
	}
	return false
}

// call calls a tool of the instance and decodes its structured answer.
func (c *aiClient) call(tool string, arguments map[string]any, into any) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	if c.instance != "" {
		arguments["instance_id"] = c.instance
	}
	res, err := c.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		c.t.Fatalf("%s %v: %v", tool, arguments, err)
	}
	data, err := json.Marshal(res.StructuredContent)
	if err != nil {
		c.t.Fatal(err)
	}
	if res.IsError {
		text, _ := json.Marshal(res.Content)
		c.t.Fatalf("%s %v: %s", tool, arguments, text)
	}
	if into != nil {
		if err := json.Unmarshal(data, into); err != nil {
			c.t.Fatalf("%s: %v in %s", tool, err, data)
		}
	}
}

// read follows the process's log until a line matches, and returns its first group.
func (c *aiClient) read(pattern string) string {
	c.t.Helper()
	want := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		arguments := map[string]any{"processId": c.process, "follow": true}
		if c.cursor != "" {
			arguments["cursor"] = c.cursor
		}
		var page struct {
			Lines []struct {
				Text string `json:"text"`
			} `json:"lines"`
			Cursor string `json:"cursor"`
			Gap    int    `json:"gap"`
		}
		c.call("hub_logs_stream", arguments, &page)
		if page.Gap > 0 {
			c.t.Fatalf("%d lines are missing", page.Gap)
		}
		c.cursor = page.Cursor
		found := ""
		for _, line := range page.Lines {
			c.log = append(c.log, line.Text)
			if m := want.FindStringSubmatch(line.Text); m != nil {
				found = m[len(m)-1]
			}
		}
		if found != "" {
			return found
		}
	}
	c.t.Fatalf("no line matches %s in\n%s", pattern, strings.Join(c.log, "\n"))
	return ""
}

// run starts the script dev and returns where it listens.
func (c *aiClient) run() (url string) {
	c.t.Helper()
	var started struct {
		ProcessID string `json:"processId"`
	}
	c.call("hub_scripts_run", map[string]any{"name": "dev"}, &started)
	c.process, c.cursor, c.log = started.ProcessID, "", nil
	return c.read(`listening on (http://\S+)`)
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// An AI tool works on a real npm project: it starts the development server, follows its log,
// loses the hub to kill -9 in the middle and does not notice, stops the server and starts it
// again.
func TestH7_AIClientWithNpmProject(t *testing.T) {
	need(t, "node", "npm")
	t.Parallel()
	w := newWorld(t)
	project := filepath.Join(w.dir, "web")
	if err := os.CopyFS(project, os.DirFS("testdata/web")); err != nil {
		t.Fatal(err)
	}
	w.start(w.command("brum-instance", "--dir", project, "--port", "0"))

	ai := w.connectAI(t.Context()) // there is no hub yet: this starts one
	var first hubStatus
	w.await("the instance", func() bool {
		s, err := w.status()
		first = s
		return err == nil && len(s.Instances) == 1 && s.Instances[0].State == "active"
	})
	w.killHubAtTheEnd()
	ai.instance = first.Instances[0].ID
	w.await("the instance's tools", func() bool { return ai.has("hub_scripts_list") })

	var list struct {
		PackageManager string `json:"packageManager"`
		Scripts        []struct {
			Name string `json:"name"`
		} `json:"scripts"`
	}
	ai.call("hub_scripts_list", map[string]any{}, &list)
	if list.PackageManager != "npm" || len(list.Scripts) != 2 {
		t.Errorf("scripts: %+v", list)
	}

	url := ai.run()
	if got := get(t, url+"/one"); got != "answer 1\n" {
		t.Errorf("the server answers %q", got)
	}
	ai.read(`request 1: GET /one`)

	hub, err := os.FindProcess(first.Hub.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.Kill(); err != nil {
		t.Fatal(err)
	}
	w.await("the hub's end", func() bool {
		s, err := w.status()
		return err != nil || s.Hub.PID != first.Hub.PID
	})
	get(t, url+"/two") // printed while there is no hub
	killed := time.Now()
	ai.read(`request 2: GET /two`)
	t.Logf("hub killed; the log goes on %v later", time.Since(killed).Round(time.Millisecond))
	second, err := w.status()
	if err != nil || second.Hub.PID == first.Hub.PID {
		t.Errorf("the hub was not restarted: %+v, %v", second, err)
	}
	get(t, url+"/three")
	ai.read(`request 3: GET /three`)
	for _, n := range []string{"request 1:", "request 2:", "request 3:"} {
		if got := strings.Count(strings.Join(ai.log, "\n"), n); got != 1 {
			t.Errorf("%q came %d times", n, got)
		}
	}

	ai.call("hub_scripts_stop", map[string]any{"processId": ai.process}, nil)
	if _, err := http.Get(url); err == nil {
		t.Error("the server still answers")
	}
	again := ai.run()
	if got := get(t, again); got != "answer 1\n" {
		t.Errorf("the new server answers %q", got)
	}
	ai.call("hub_scripts_stop", map[string]any{"processId": ai.process}, nil)
}

// killHubAtTheEnd ends the hub that brum-hub mcp has left in the background.
func (w *world) killHubAtTheEnd() {
	w.t.Cleanup(func() {
		s, err := w.status()
		if err != nil {
			return
		}
		if hub, err := os.FindProcess(s.Hub.PID); err == nil {
			hub.Kill()
		}
		w.await("the hub's end", func() bool {
			_, err := w.status()
			return err != nil
		})
	})
}
