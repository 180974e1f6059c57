package control

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func TestTokenLasts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	first, err := LoadToken(path)
	if err != nil || len(first) < 32 {
		t.Fatalf("%d characters, %v", len(first), err)
	}
	if again, err := LoadToken(path); err != nil || again != first {
		t.Errorf("another token, or %v", err)
	}
	other, err := LoadToken(filepath.Join(t.TempDir(), "token"))
	if err != nil || other == first {
		t.Errorf("the same token for another hub, or %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadToken(path); err == nil || strings.Contains(err.Error(), first) {
		t.Errorf("readable by others: %v", err)
	}
}

func TestEmptyTokenIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadToken(path); err == nil {
		t.Error("no error")
	}
}

func TestN2_RequireToken(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	ran := 0
	h := RequireToken(token, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran++ }))
	for header, welcome := range map[string]bool{
		"Bearer " + token:        true,
		"bearer " + token:        true,
		"":                       false,
		"Bearer":                 false,
		"Bearer ":                false,
		token:                    false,
		"Basic " + token:         false,
		"Bearer " + token + "0":  false,
		"Bearer " + token[:31]:   false,
		"Bearer " + token + " x": false,
	} {
		ran = 0
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if welcome != (ran == 1) || welcome != (w.Code == http.StatusOK) || (!welcome && w.Code != http.StatusUnauthorized) {
			t.Errorf("%q: status %d, ran %d times", header, w.Code, ran)
		}
		if strings.Contains(w.Body.String(), token) {
			t.Errorf("%q: the answer tells the token", header)
		}
	}
}

func TestRequestsAreBounded(t *testing.T) {
	h := NewHandler(&scripted{}, nil) // which would panic if it were asked anything
	big := `{"instance":"` + strings.Repeat("x", api.MaxRequest+envelope) + `"}`
	for _, c := range []struct {
		body, contentType string
		status            int
		code              api.Code
	}{
		{big, jsonType, http.StatusRequestEntityTooLarge, api.CodeTooLarge},
		{`{"instance":"x"}`, "text/plain", http.StatusBadRequest, api.CodeInvalid},
		{`{"instance":"x"}`, "", http.StatusBadRequest, api.CodeInvalid},
		{`{`, jsonType, http.StatusBadRequest, api.CodeInvalid},
		{``, jsonType, http.StatusBadRequest, api.CodeInvalid},
	} {
		paths := []string{pathCall, pathConnect, pathDisconnect}
		if len(c.body) == len(big) {
			paths = paths[:1] // they read alike, and this takes its time
		}
		for _, path := range paths {
			r := httptest.NewRequest("POST", path, strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.contentType)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			var rec record
			data, _ := io.ReadAll(w.Body)
			if err := json.Unmarshal(data, &rec); err != nil || w.Code != c.status || rec.Error == nil || rec.Error.Code != c.code {
				t.Errorf("%s %.20q as %q: %d %s", path, c.body, c.contentType, w.Code, data)
			}
		}
	}
}

func TestRecordsAreBounded(t *testing.T) {
	endless := io.LimitReader(neverEnding('x'), api.MaxResult*5/4)
	if _, err := newRecords(endless).next(); api.CodeOf(err) != api.CodeTooLarge {
		t.Error(err)
	}
	if _, err := newRecords(strings.NewReader(`{"result":`)).next(); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
}

type neverEnding byte

func (b neverEnding) Read(p []byte) (int, error) {
	copy(p, bytes.Repeat([]byte{byte(b)}, len(p)))
	return len(p), nil
}
