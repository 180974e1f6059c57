package wsconn

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func contextWithLocal(r *http.Request, a net.Addr) context.Context {
	return context.WithValue(r.Context(), http.LocalAddrContextKey, a)
}

func TestN1_ForeignPagesAreRefused(t *testing.T) {
	h := RefuseForeign(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}), Access{Hosts: []string{"dev.example.com"}, Origins: []string{"https://tools.example.com"}})
	const welcome = http.StatusTeapot
	tests := []struct {
		name   string
		method string
		url    string
		header []string
		status int
	}{
		{"no browser", "POST", "http://127.0.0.1:7770/mcp", nil, welcome},
		{"own page", "POST", "http://127.0.0.1:7770/mcp", []string{"Origin", "http://127.0.0.1:7770", "Sec-Fetch-Site", "same-origin"}, welcome},
		{"own page over TLS", "POST", "https://dev.example.com/mcp", []string{"Origin", "https://dev.example.com"}, welcome},
		{"own page reads", "GET", "http://localhost:7770/api", []string{"Sec-Fetch-Site", "same-origin"}, welcome},
		{"typed address", "GET", "http://localhost:7770/", []string{"Sec-Fetch-Site", "none"}, welcome},
		{"followed link", "GET", "http://localhost:7770/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, welcome},
		{"listed origin", "POST", "http://localhost:7770/mcp", []string{"Origin", "https://tools.example.com", "Sec-Fetch-Site", "cross-site"}, welcome},

		{"rebound name", "GET", "http://evil.example:7770/", nil, 421},
		{"rebound name, same origin", "POST", "http://evil.example:7770/mcp", []string{"Origin", "http://evil.example:7770", "Sec-Fetch-Site", "same-origin"}, 421},
		{"other port", "POST", "http://localhost:7770/mcp", []string{"Origin", "http://localhost:3000"}, 403},
		{"other scheme", "POST", "http://localhost:7770/mcp", []string{"Origin", "https://localhost:7770"}, 403},
		{"other name of this machine", "POST", "http://localhost:7770/mcp", []string{"Origin", "http://127.0.0.1:7770"}, 403},
		{"sandboxed frame", "POST", "http://localhost:7770/mcp", []string{"Origin", "null"}, 403},
		{"empty origin", "POST", "http://localhost:7770/mcp", []string{"Origin", ""}, 403},
		{"preflight", "OPTIONS", "http://localhost:7770/mcp", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, 403},
		{"image or script", "GET", "http://localhost:7770/api", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}, 403},
		{"neighbour's image", "GET", "http://localhost:7770/api", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, 403},
		{"frame", "GET", "http://localhost:7770/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"form", "POST", "http://localhost:7770/api", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.url, nil)
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if w.Header().Get("Cross-Origin-Resource-Policy") != "same-origin" || w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
	t.Run("two origins", func(t *testing.T) {
		r := httptest.NewRequest("POST", "http://localhost:7770/", nil)
		r.Header["Origin"] = []string{"http://localhost:7770", "https://evil.example"}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("status %d", w.Code)
		}
	})
}
