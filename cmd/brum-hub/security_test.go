package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// base is the hub's HTTP address; token is its token.
func (w *world) base(t *testing.T) (base, token string) {
	t.Helper()
	s, err := w.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(w.state(), "token"))
	if err != nil {
		t.Fatal(err)
	}
	return s.Hub.HTTP, strings.TrimSpace(string(data))
}

// everything that acts or reveals.
var endpoints = []struct{ method, path, body string }{
	{"GET", "/api/v1/status", ""},
	{"GET", "/api/v1/history?instance=x", ""},
	{"GET", "/api/v1/tools", ""},
	{"GET", "/api/v1/events", ""},
	{"POST", "/api/v1/call", `{"instance":"x","tool":"y"}`},
	{"POST", "/api/v1/connect", `{"instance":"x"}`},
	{"POST", "/api/v1/disconnect", `{"instance":"x"}`},
	{"GET", "/api/v1/calls", ""},
	{"GET", "/api/v1/timeline", ""},
	{"GET", "/api/v1/live", ""},
	{"POST", "/api/v1/login", `{}`},
	{"GET", "/api/v1/readers", ""},
	{"POST", "/api/v1/readers/commit", `{"name":"x"}`},
	{"POST", "/api/v1/readers/forget", `{"name":"x"}`},
	{"GET", "/metrics", ""},
	{"POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`},
	{"GET", "/mcp", ""},
	{"DELETE", "/mcp", ""},
}

// ask makes a request and returns the status.
func ask(t *testing.T, method, url, body string, header map[string]string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for k, v := range header {
		r.Header.Set(k, v)
		if k == "Host" {
			r.Host = v
		}
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer []byte
	if res.StatusCode >= 400 {
		answer, _ = io.ReadAll(io.LimitReader(res.Body, 1<<16))
	}
	return res.StatusCode, string(answer)
}

func TestN1_PagesOfOtherOrigins(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	base, token := w.base(t)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(base, "http://"))
	for _, e := range endpoints {
		for name, header := range map[string]map[string]string{
			"other origin":  {"Origin": "https://evil.example", "Authorization": "Bearer " + token},
			"null origin":   {"Origin": "null", "Authorization": "Bearer " + token},
			"other port":    {"Origin": "http://127.0.0.1:1", "Authorization": "Bearer " + token},
			"cross-site":    {"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer " + token},
			"rebound name":  {"Host": "evil.example:" + port, "Authorization": "Bearer " + token},
			"no token":      {"Origin": "https://evil.example"},
			"rebound, none": {"Host": "evil.example:" + port},
		} {
			status, _ := ask(t, e.method, base+e.path, e.body, header)
			if status != http.StatusForbidden && status != http.StatusMisdirectedRequest {
				t.Errorf("%s: %s %s: %d", name, e.method, e.path, status)
			}
		}
	}
}

func TestN2_NothingWithoutTheToken(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	base, token := w.base(t)
	for _, e := range endpoints {
		for _, given := range []string{"", "Bearer", "Bearer " + strings.Repeat("0", len(token)), "Basic " + token} {
			status, answer := ask(t, e.method, base+e.path, e.body, map[string]string{"Authorization": given})
			if status != http.StatusUnauthorized || strings.Contains(answer, token) {
				t.Errorf("%s %s with %.12q: %d %s", e.method, e.path, given, status, answer)
			}
		}
		if strings.Contains(e.path, token) {
			t.Error("the token in a path")
		}
		if status, _ := ask(t, e.method, base+e.path+"?token="+token, e.body, nil); status != http.StatusUnauthorized {
			t.Errorf("%s %s takes a token from the URL: %d", e.method, e.path, status)
		}
		if status, answer := ask(t, e.method, base+e.path, e.body, map[string]string{"Authorization": "Bearer " + token}); status == http.StatusUnauthorized {
			t.Errorf("%s %s with the token: %d %s", e.method, e.path, status, answer)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]os.FileMode{
		w.socket(): 0o600, w.state(): 0o700, filepath.Join(w.state(), "token"): 0o600,
	} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, fi.Mode(), err, want)
		}
	}
}

// With the token the official client uses /mcp.
func TestMCPOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	w.startInstance(t, "web")
	w.active(t, 1)
	base, token := w.base(t)
	for _, version := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		t.Run("version "+version, func(t *testing.T) {
			session := mcpSession(t, base, token, version)
			useTools(t, session)
		})
	}
}

func mcpSession(t *testing.T, base, token string, version ...string) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: base + "/mcp", HTTPClient: &http.Client{Transport: bearer(token)},
	}, &mcp.ClientSessionOptions{ProtocolVersion: strings.Join(version, "")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func TestN3_SecretsStaySecret(t *testing.T) {
	w := newWorld(t)
	hub := w.startHub(t, "--log-level", "debug")
	instance, proxy := w.startInstanceBehind(t, "web")
	w.active(t, 1)
	proxy.Cut(0)
	base, token := w.base(t)
	secrets := []string{token}
	files, _ := filepath.Glob(filepath.Join(w.discovery(), "*.json"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := strings.Cut(string(data), `"token":"`)
		if !found {
			t.Fatalf("no token in %s", f)
		}
		secret, _, _ := strings.Cut(rest, `"`)
		secrets = append(secrets, secret)
	}
	if len(secrets) != 2 || len(secrets[1]) < 16 {
		t.Fatalf("%d secrets", len(secrets))
	}
	said := map[string]string{}
	for _, args := range [][]string{{"status", "--json"}, {"status"}, {"history", "web", "--json"}, {"call", "web", "scripts_list", "--json"},
		{"call", "web", "nonsense"}, {"call", "nobody", "x"}, {"disconnect", "web"}, {"call", "web", "x"}} {
		out, errs, _ := w.run(t, "", args...)
		said[fmt.Sprint(args)] = out + errs
	}
	for _, e := range endpoints {
		_, answer := ask(t, e.method, base+e.path, e.body, map[string]string{"Authorization": "Bearer " + strings.Repeat("0", 64)})
		said[e.path] = answer
	}
	said["the hub's metrics"] = scrape(t, base, token)
	instance.kill()
	interrupt(hub.cmd.Process)
	<-hub.done
	said["the hub's log"] = hub.logs.String()
	said["the hub's arguments"] = strings.Join(hub.cmd.Args, " ")
	for where, text := range said {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("a secret in %s: %s", where, text)
			}
		}
	}
	if !strings.Contains(said["the hub's log"], "session state") {
		t.Error("the log says nothing of sessions")
	}
}

func TestN4_OpenAddressIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:7770", "somewhere.example:7770"} {
		args := append([]string{"serve"}, w.serveArgs()[2:]...)
		args[len(args)-1] = address
		_, stderr, code := w.run(t, "", args...)
		if code != 1 || !strings.Contains(stderr, "127.0.0.1") {
			t.Errorf("%s: exit %d, %q", address, code, stderr)
		}
	}
}

func TestN5_StrangersHoldNothingUp(t *testing.T) {
	w := newWorld(t)
	w.startHub(t)
	base, token := w.base(t)
	address := strings.TrimPrefix(base, "http://")
	for range 100 { // who connect and say nothing
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if status, _ := ask(t, "GET", base+"/api/v1/status", "", map[string]string{"Authorization": "Bearer " + token}); status != http.StatusOK {
		t.Errorf("status %d beside silent strangers", status)
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(soon))
	fmt.Fprintf(c, "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nX: ")
	long := strings.Repeat("x", 1<<10)
	for range 64 {
		if _, err := io.WriteString(c, long); err != nil {
			break // refused before all was read
		}
	}
	io.WriteString(c, "\r\n\r\n")
	answer, _ := io.ReadAll(io.LimitReader(c, 1<<10))
	if strings.Contains(string(answer), " 200 ") || strings.Contains(string(answer), " 401 ") {
		t.Errorf("64 KiB of header were read: %s", answer)
	}
}
