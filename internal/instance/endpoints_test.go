package instance

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/standardbeagle/brum/metrics"
	"github.com/standardbeagle/brum/wsconn"
)

const testToken = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// serveEndpoints serves the endpoints of an instance with no sessions and
// returns the base URL.
func serveEndpoints(t *testing.T, legacy bool) string {
	tools := newTools(t, &Project{Dir: t.TempDir()})
	h := endpoints(tools.Server(), http.NotFoundHandler(), newExposition(metrics.NewSessions(nil)), testToken, legacy, wsconn.NewRequestLimit(8), slog.New(slog.DiscardHandler))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := wsconn.NewServer(h, &wsconn.ServerOptions{Logger: slog.New(slog.DiscardHandler)})
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(ln)
	}()
	t.Cleanup(func() {
		srv.Close()
		<-done
	})
	return "http://" + ln.Addr().String()
}

// request sends a raw request on a connection of its own.
func request(t *testing.T, method, url, body string, header ...string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

const listTools = `{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}`

var asOldHub = []string{"Content-Type", "application/json", "Accept", "application/json"}
var asClient = []string{"Content-Type", "application/json", "Accept", "application/json, text/event-stream"}

func TestN1_ForeignPagesAreRefused(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		base := serveEndpoints(t, legacy)
		for _, header := range [][]string{
			{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Host", "evil.example:7777"}, {"Sec-Fetch-Site", "cross-site"},
		} {
			for _, path := range []string{"/mcp", "/session", "/health", "/metrics"} {
				with := append(append([]string{"Authorization", "Bearer " + testToken}, asClient...), header...)
				status, _ := request(t, "POST", base+path, listTools, with...)
				if status != http.StatusForbidden && status != http.StatusMisdirectedRequest {
					t.Errorf("legacy %v, %s with %q: %d", legacy, path, header, status)
				}
			}
		}
	}
}

func TestN2_TokenIsNeeded(t *testing.T) {
	base := serveEndpoints(t, false)
	for _, auth := range []string{
		"", "Bearer", "Bearer ", "Bearer x", "Basic " + testToken, "Bearer " + testToken[1:], "Bearer  " + testToken,
		testToken, "Bearer " + strings.ToUpper(testToken),
	} {
		header := asClient
		if auth != "" {
			header = append([]string{"Authorization", auth}, asClient...)
		}
		for _, method := range []string{"POST", "GET", "DELETE", "OPTIONS"} {
			if status, answer := request(t, method, base+"/mcp", listTools, header...); status != http.StatusUnauthorized ||
				strings.Contains(answer, "scripts") || strings.Contains(answer, testToken) {
				t.Errorf("%s with %q: %d %s", method, auth, status, answer)
			}
		}
		if status, answer := request(t, "GET", base+"/metrics", "", header...); status != http.StatusUnauthorized ||
			strings.Contains(answer, "go_") {
			t.Errorf("metrics with %q: %d %s", auth, status, answer)
		}
	}
	if status, answer := request(t, "GET", base+"/metrics", "", "Authorization", "Bearer "+testToken); status != http.StatusOK ||
		!strings.Contains(answer, `brum_build_info{`) || strings.Contains(answer, testToken) {
		t.Errorf("metrics with the token: %d %s", status, answer)
	}
	if status, answer := request(t, "POST", base+"/mcp?token="+testToken, listTools, asClient...); status != http.StatusUnauthorized {
		t.Errorf("token in the URL: %d %s", status, answer)
	}
	status, answer := request(t, "POST", base+"/mcp", listTools, append([]string{"Authorization", "Bearer " + testToken}, asClient...)...)
	if status != http.StatusOK || !strings.Contains(answer, "scripts_run") {
		t.Errorf("with the token: %d %s", status, answer)
	}
	if status, answer = request(t, "GET", base+"/health", ""); status != http.StatusOK || answer != `{"status":"ok"}`+"\n" {
		t.Errorf("health: %d %q", status, answer)
	}
	if status, _ = request(t, "GET", base+"/", ""); status != http.StatusNotFound {
		t.Errorf("root: %d", status)
	}
}

// TestStreamableHTTP uses the SDK's client, in the present protocol and the former.
func TestStreamableHTTP(t *testing.T) {
	base := serveEndpoints(t, false)
	for _, version := range []string{"", "2025-11-25", "2025-06-18"} {
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		cs, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), &mcp.StreamableClientTransport{
			Endpoint:             base + "/mcp",
			HTTPClient:           &http.Client{Transport: &withBearer{transport}},
			DisableStandaloneSSE: true,
		}, &mcp.ClientSessionOptions{ProtocolVersion: version})
		if err != nil {
			t.Fatalf("%q: %v", version, err)
		}
		var list ScriptsListOutput
		(&client{t, cs}).call("scripts_list", args{}, &list)
		if list.PackageManager != "npm" {
			t.Fatalf("%+v", list)
		}
		if err := cs.Close(); err != nil {
			t.Errorf("%q: close: %v", version, err)
		}
	}
}

type withBearer struct{ *http.Transport }

func (w *withBearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+testToken)
	return w.Transport.RoundTrip(r)
}

// TestLegacyHub plays an old hub: its requests, byte for byte.
func TestLegacyHub(t *testing.T) {
	base := serveEndpoints(t, true)
	call := func(method, params string) (result map[string]any) {
		t.Helper()
		id := time.Now().UnixNano()
		body := fmt.Sprintf(`{"id":%d,"jsonrpc":"2.0","method":%q,"params":%s}`, id, method, params)
		status, answer := request(t, "POST", base+"/mcp", body, asOldHub...)
		var r struct {
			JSONRPC string
			ID      float64 // old hubs do not look at it; the SDK keeps 53 bits
			Result  map[string]any
			Error   *struct{ Message string }
		}
		if err := json.Unmarshal([]byte(answer), &r); err != nil || status != 200 || r.Error != nil || r.ID != float64(id) || r.JSONRPC != "2.0" {
			t.Fatalf("%s: %d %s, %v", method, status, answer, err)
		}
		return r.Result
	}
	for _, version := range []string{"1.0", "2024-11-05"} {
		r := call("initialize", `{"capabilities":{"tools":{}},"clientInfo":{"name":"brummer-hub","version":"1.0"},"protocolVersion":"`+version+`"}`)
		if r["serverInfo"].(map[string]any)["name"] != "brum-instance" {
			t.Fatalf("%v", r)
		}
	}
	call("ping", `{}`)
	if tools := call("tools/list", `{}`)["tools"].([]any); len(tools) != 8 {
		t.Fatalf("%d tools", len(tools))
	}
	for _, params := range []string{`{"arguments":null,"name":"scripts_list"}`, `{"arguments":{},"name":"scripts_list"}`, `{"name":"scripts_list"}`} {
		r := call("tools/call", params)
		var out ScriptsListOutput
		text := r["content"].([]any)[0].(map[string]any)["text"].(string)
		if err := json.Unmarshal([]byte(text), &out); err != nil || out.PackageManager != "npm" {
			t.Fatalf("%s: %v, %v", params, r, err)
		}
	}
	if r := call("tools/call", `{"arguments":{"limit":50},"name":"logs_stream"}`); r["isError"] == true {
		t.Fatalf("%v", r)
	}
	if r := call("tools/call", `{"arguments":{"name":"nope"},"name":"scripts_run"}`); r["isError"] != true {
		t.Fatalf("%v", r)
	}
	// A wrong token is not taken for none.
	if status, _ := request(t, "POST", base+"/mcp", listTools, append([]string{"Authorization", "Bearer x"}, asOldHub...)...); status != 401 {
		t.Errorf("wrong token: %d", status)
	}
	if status, answer := request(t, "POST", base+"/mcp", listTools, append([]string{"Authorization", "Bearer " + testToken}, asClient...)...); status != 200 {
		t.Errorf("with the token: %d %s", status, answer)
	}
}

func TestMCPBodyIsBounded(t *testing.T) {
	base := serveEndpoints(t, true)
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"scripts_list","arguments":{"x":"` + strings.Repeat("x", 2<<20) + `"}}}`
	if status, _ := request(t, "POST", base+"/mcp", body, asOldHub...); status != http.StatusRequestEntityTooLarge {
		t.Fatalf("%d", status)
	}
}
