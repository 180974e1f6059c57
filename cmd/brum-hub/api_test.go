package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/control"
)

// apiTest asks a real hub, and holds its answers against the document.
type apiTest struct {
	*testing.T
	*document
	base, token string
}

// ask makes a request and checks all parts of its answer, of which it returns the last. From an
// answer without end it takes so many parts.
func (a *apiTest) ask(method, path, body string, parts int) map[string]any {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), method, a.base+path, strings.NewReader(body))
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+a.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer res.Body.Close()
	path, _, _ = strings.Cut(path, "?")
	status := "200"
	if res.StatusCode != http.StatusOK {
		status = "default"
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	content, ok := a.Paths[path][strings.ToLower(method)].Responses[status].Content[kind]
	if !ok {
		a.Fatalf("%s %s: an answer %d of type %s is not documented", method, path, res.StatusCode, kind)
	}
	var last map[string]any
	in := bufio.NewReader(res.Body)
	for range parts {
		text, err := nextPart(in)
		if err == io.EOF {
			break
		}
		if err != nil {
			a.Fatalf("%s %s: %v", method, path, err)
		}
		last = nil
		if err := json.Unmarshal(text, &last); err != nil {
			a.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
		if err := a.check(&content.Schema, "answer", last); err != nil {
			a.Errorf("%s %s: %v in %.1000s", method, path, err, text)
		}
	}
	if last == nil {
		a.Fatalf("%s %s: an empty answer", method, path)
	}
	return last
}

// nextPart is a line of JSON, or the data of an event.
func nextPart(in *bufio.Reader) ([]byte, error) {
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		text := strings.TrimPrefix(string(line), "data: ")
		if strings.HasPrefix(text, "{") {
			return []byte(text), nil
		}
	}
}

// The API is as docs/openapi.json says: every route is there and no other, every answer has the
// fields of its schema and no others, and every field of a schema is in some answer.
func TestL2_APIIsAsDocumented(t *testing.T) {
	document, err := readDocument()
	if err != nil {
		t.Fatal(err)
	}
	beside := []string{"GET /api/v1/log-level", "POST /api/v1/log-level", "POST /api/v1/login", "POST /login", "POST /logout"} // not of package control
	want := append(control.Routes(), beside...)
	slices.Sort(want)
	if got := document.routes(); !slices.Equal(got, want) {
		t.Errorf("documented: %q\nserved: %q", got, want)
	}

	w := newWorld(t)
	w.startHub(t)
	_, proxy := w.startInstanceBehind(t, "web")
	w.startInstance(t, "wax")
	w.active(t, 2)
	a := &apiTest{T: t, document: document}
	a.base, a.token = w.base(t)
	const many = 1000

	proxy.Admit(faultproxy.Refuse)
	proxy.Cut(faultproxy.RST)
	w.until(t, "outage", func(s *api.Status) bool { return s.Instances[1].State == api.Retrying })
	proxy.Heal()
	w.active(t, 2)
	wait(t, "resume in the history", func() bool {
		past, err := w.client.History(t.Context(), "web")
		return err == nil && slices.ContainsFunc(past.Changes, func(c api.Change) bool { return c.Reconnect != nil })
	})

	a.ask("GET", "/api/v1/status", "", many)
	a.ask("GET", "/api/v1/history?instance=web", "", many)
	a.ask("GET", "/api/v1/history?instance=none", "", many)
	a.ask("GET", "/api/v1/history?instance=w", "", many)
	a.ask("GET", "/api/v1/timeline", "", many)
	a.ask("GET", "/api/v1/timeline?since=1h&instance=web", "", many)
	a.ask("GET", "/api/v1/timeline?since=soon", "", many)
	a.ask("GET", "/api/v1/tools", "", many)
	a.ask("GET", "/api/v1/events", "", 1)
	a.ask("GET", "/api/v1/live", "", 1)
	a.ask("POST", "/api/v1/call", `{"instance":"web","tool":"scripts_list","want_progress":true}`, many)
	a.ask("POST", "/api/v1/call", `{"instance":"web","tool":"scripts_stop","arguments":{"processId":"x"},"id":"6f1ed002ab5595859014ebf0951522d9"}`, many)
	a.ask("POST", "/api/v1/call", `{"instance":"web","tool":"none"}`, many)
	a.ask("GET", "/api/v1/calls", "", many)
	a.ask("POST", "/api/v1/readers/commit", `{"name":"me","instance":"x","cursor":"c"}`, many)
	a.ask("GET", "/api/v1/readers", "", many)
	a.ask("POST", "/api/v1/readers/forget", `{"name":"me"}`, many)
	a.ask("POST", "/api/v1/disconnect", `{"instance":"web"}`, many)
	a.ask("POST", "/api/v1/connect", `{"instance":"web"}`, many)
	a.ask("POST", "/api/v1/log-level", `{"level":"debug"}`, many)
	a.ask("POST", "/api/v1/log-level", `{"level":"loud"}`, many)
	if got := a.ask("GET", "/api/v1/log-level", "", many)["level"]; got != "debug" {
		t.Errorf("level %v", got)
	}
	link := a.ask("POST", "/api/v1/login", `{}`, many)["url"].(string)
	_, code, _ := strings.Cut(link, "#login=")
	a.ask("POST", "/login", fmt.Sprintf(`{"code":%q}`, code), many)
	a.ask("POST", "/login", fmt.Sprintf(`{"code":%q}`, code), many)
	a.ask("POST", "/logout", `{}`, many)

	elsewhere := []string{ // what these real programs do not show here
		"Change.duplicates", "Reconnect.duplicates_before", // connections that overlap: package api
		"Error.retry_after_ms",         // a hub that is full: package control
		"Event.detail", "Event.for_ms", // a machine that sleeps and moves: package daemon
		"Progress.message", "Progress.progress", "Progress.total", "Record.progress", // no tool reports any: package control
	}
	slices.Sort(elsewhere)
	if got := a.unseen("CallRequest", "Code", "Target", "Name"); !slices.Equal(got, elsewhere) {
		t.Errorf("these fields are in no answer: %q\nwant %q", got, elsewhere)
	}
}
