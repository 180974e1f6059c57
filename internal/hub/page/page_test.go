package page

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func ask(t *testing.T, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestServesItself(t *testing.T) {
	assets, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for name := range assets {
		path := "/" + name
		if name == "index.html" {
			path = "/"
		}
		w := ask(t, "GET", path)
		h := w.Header()
		if w.Code != http.StatusOK || h.Get("Content-Security-Policy") != policy || h.Get("Referrer-Policy") != "no-referrer" ||
			h.Get("X-Frame-Options") != "DENY" || h.Get("Cache-Control") != "no-cache" || h.Get("Content-Type") == "" {
			t.Errorf("%s: %d %v", path, w.Code, h)
		}
		if w := ask(t, "GET", path, "If-None-Match", h.Get("ETag")); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
			t.Errorf("%s again: %d", path, w.Code)
		}
		if w := ask(t, "HEAD", path); w.Code != http.StatusOK || w.Body.Len() > 0 {
			t.Errorf("HEAD %s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/none", "/static/index.html", "/../page.go", "/index.html", "//"} {
		if w := ask(t, "GET", path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(t, "POST", "/"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

// The policy forbids it; this says so before a browser does.
func TestHoldsNothingInlineAndNothingForeign(t *testing.T) {
	assets, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") {
		t.Error(policy)
	}
	bad := map[string]*regexp.Regexp{
		".html": regexp.MustCompile(`(?i)\son\w+=|\sstyle=|<style|<script(?:[^>]*)>[^<]|(?:src|href)="(?:https?:)?//`),
		".js":   regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|https?://(?:[^w]|w[^w]|ww[^w])`),
		".css":  regexp.MustCompile(`@import|url\(`),
	}
	for name, a := range assets {
		for ext, r := range bad {
			if strings.HasSuffix(name, ext) {
				if found := r.Find(a.data); found != nil {
					t.Errorf("%s: %q", name, found)
				}
			}
		}
	}
	imports := regexp.MustCompile(`from '\./([a-z]+\.js)'`)
	for name, a := range assets {
		for _, m := range imports.FindAllSubmatch(a.data, -1) {
			if _, ok := assets[string(m[1])]; !ok {
				t.Errorf("%s imports %s, which is not there", name, m[1])
			}
		}
	}
}
