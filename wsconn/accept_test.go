package wsconn

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// upgradeRequest is a right request, whose lines can be replaced: "Name: value" sets a
// header, "Name:" removes it, "GET …" replaces the request line.
func upgradeRequest(host string, changes ...string) string {
	lines := []string{
		"GET /session HTTP/1.1", "Host: " + host, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Protocol: " + Subprotocol, "Brum-Attach: AAAA",
	}
	for _, change := range changes {
		name, value, isHeader := strings.Cut(change, ":")
		if !isHeader || strings.Contains(name, " ") {
			lines[0] = change
			continue
		}
		kept := lines[:1:1]
		for _, l := range lines[1:] {
			if n, _, _ := strings.Cut(l, ":"); !strings.EqualFold(n, name) {
				kept = append(kept, l)
			}
		}
		if lines = kept; value != "" {
			lines = append(lines, change)
		}
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// roundTrip sends raw bytes to the server at address and returns its answer's status and
// whether the connection ends with it.
func roundTrip(t testing.TB, address, raw string) (status int, closes bool) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, raw)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.60q: %v", raw, err)
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Close
}

func TestN1_WhatIsWrongNeverReachesAttach(t *testing.T) {
	var attached atomic.Int32
	o := &AcceptOptions{Access: Access{
		Hosts:   []string{"dev.example.com", "other.example.com:7777"},
		Origins: []string{"https://tools.example.com"},
	}}
	url, _ := newServer(t, overTCP, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, o, func(request []byte) ([]byte, bool) {
			attached.Add(1)
			return nil, true
		})
		if err == nil {
			c.Close()
		}
	}), nil)
	address := strings.TrimPrefix(url, "http://")
	tests := []struct {
		name   string
		status int
		lines  []string
	}{
		{"right", 101, nil},
		{"other case", 101, []string{"Connection: keep-alive, UPGRADE", "Upgrade: WebSocket"}},
		{"localhost", 101, []string{"Host: LocalHost:1234"}},
		{"IPv6 loopback", 101, []string{"Host: [::1]:7777"}},
		{"IPv6 loopback without port", 101, []string{"Host: [::1]"}},
		{"another loopback address", 101, []string{"Host: 127.5.5.5"}},
		{"listed host, any port", 101, []string{"Host: DEV.example.com:9"}},
		{"listed host and port", 101, []string{"Host: other.example.com:7777"}},
		{"listed origin", 101, []string{"Origin: https://tools.example.com"}},

		{"rebound name", 421, []string{"Host: evil.example:7777"}},
		{"rebound name that begins well", 421, []string{"Host: localhost.evil.example"}},
		{"rebound name like an address", 421, []string{"Host: 127.0.0.1.evil.example"}},
		{"rebound name with a trailing dot", 421, []string{"Host: evil.example.:80"}},
		{"listed host, other port", 421, []string{"Host: other.example.com:7778"}},
		{"name below a listed host", 421, []string{"Host: x.dev.example.com"}},
		{"foreign address", 421, []string{"Host: 192.0.2.1:7777"}},
		{"empty host", 421, []string{"GET /session HTTP/1.1", "Host: "}},

		{"foreign origin", 403, []string{"Origin: https://evil.example"}},
		{"origin of the same host", 403, []string{"Origin: http://" + address}},
		{"origin of another port", 403, []string{"Origin: http://localhost:3000"}},
		{"opaque origin", 403, []string{"Origin: null"}},
		{"listed origin, other scheme", 403, []string{"Origin: http://tools.example.com"}},
		{"fetch metadata", 403, []string{"Sec-Fetch-Site: cross-site"}},
		{"fetch metadata of the same site", 403, []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},

		{"POST", 405, []string{"POST /session HTTP/1.1"}},
		{"HTTP/1.0", 426, []string{"GET /session HTTP/1.0"}},
		{"no upgrade", 426, []string{"Upgrade:"}},
		{"other upgrade", 426, []string{"Upgrade: h2c"}},
		{"connection closes", 426, []string{"Connection: close"}},
		{"old version", 400, []string{"Sec-WebSocket-Version: 8"}},
		{"no key", 400, []string{"Sec-WebSocket-Key:"}},
		{"short key", 400, []string{"Sec-WebSocket-Key: AAAA"}},
		{"no subprotocol", 400, []string{"Sec-WebSocket-Protocol:"}},
		{"other subprotocol", 400, []string{"Sec-WebSocket-Protocol: brum.session.v2"}},
		{"body", 400, []string{"Content-Length: 5"}},
		{"chunked body", 400, []string{"Transfer-Encoding: chunked"}},
		{"no attach", 400, []string{"Brum-Attach:"}},
		{"attach in bad base64", 400, []string{"Brum-Attach: AAA="}},
		{"attach of two lines", 400, []string{"Brum-Attach: AAAA\r\nBrum-Attach: AAAA"}},
		{"attach above 4 KiB", 400, []string{"Brum-Attach: " + strings.Repeat("A", maxAttachHeader+4)}},
		{"header above 8 KiB", 431, []string{"X-Filler: " + strings.Repeat("A", 20<<10)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			attached.Store(0)
			raw := upgradeRequest(address, tt.lines...)
			status, closes := roundTrip(t, address, raw)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			want := int32(0)
			if tt.status == 101 {
				want = 1
			} else if !closes {
				t.Error("the connection may be kept")
			}
			if got := attached.Load(); got != want {
				t.Errorf("attach was called %d times, want %d", got, want)
			}
		})
	}
}

func TestOwnAddressIsWelcome(t *testing.T) {
	access := &Access{}
	r := httptest.NewRequest("GET", "http://192.0.2.7:7777/", nil)
	if access.hostWelcome(r) {
		t.Error("a foreign address is welcome")
	}
	r = r.WithContext(contextWithLocal(r, &net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 7777}))
	if !access.hostWelcome(r) {
		t.Error("the address that the connection came in on is not welcome")
	}
}

func TestAcceptNeedsAConnectionToTakeOver(t *testing.T) {
	r := httptest.NewRequest("GET", "http://localhost/", nil)
	for _, l := range strings.Split(strings.TrimSpace(upgradeRequest("localhost")), "\r\n")[2:] {
		name, value, _ := strings.Cut(l, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	_, err := Accept(w, r, nil, func([]byte) ([]byte, bool) {
		t.Error("attach was called")
		return nil, true
	})
	if err == nil || w.Code != http.StatusNotImplemented {
		t.Errorf("status %d, %v", w.Code, err)
	}
}

func TestReplyAboveTheLimit(t *testing.T) {
	url, _ := newServer(t, overTCP, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := Accept(w, r, nil, func([]byte) ([]byte, bool) { return testBytes(MaxAttach + 1), true }); err == nil {
			t.Error("accepted")
			c.Close()
		}
	}), nil)
	address := strings.TrimPrefix(url, "http://")
	if status, _ := roundTrip(t, address, upgradeRequest(address)); status != 500 {
		t.Errorf("status %d", status)
	}
}

// What a dialer sends right behind its request must not be lost.
func TestPacketsRightBehindTheUpgrade(t *testing.T) {
	got := make(chan string, 1)
	url, _ := newServer(t, overTCP, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, nil, welcome)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		got <- string(next(t, c))
	}), nil)
	address := strings.TrimPrefix(url, "http://")
	e := encoders.New().(*encoder)
	e.masked(opBinary, nil, []byte("early"))
	if status, _ := roundTrip(t, address, fmt.Sprint(upgradeRequest(address), string(e.buf))); status != 101 {
		t.Errorf("status %d", status)
	}
	if p := <-got; p != "early" {
		t.Errorf("got %q", p)
	}
}
