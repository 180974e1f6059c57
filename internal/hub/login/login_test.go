package login

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/internal/hub/api"
)

func TestN3_CodesWorkOnceAndNotForLong(t *testing.T) {
	var c codes
	now := time.Now()
	code, until := c.issue(now)
	other, _ := c.issue(now)
	switch {
	case until.Sub(now) != codeLife || code == other || len(code) < 40:
		t.Errorf("%q until %v, %q", code, until, other)
	case c.use("", now) || c.use(code+"x", now):
		t.Error("another code is good")
	case !c.use(code, now):
		t.Error("the code is not good")
	case c.use(code, now):
		t.Error("it is good twice")
	case c.use(other, now.Add(codeLife)):
		t.Error("it is good for too long")
	case c.use(other, now):
		t.Error("it is good after it was used too late")
	}
	first, _ := c.issue(now)
	for range maxCodes {
		c.issue(now)
	}
	if c.use(first, now) || len(c.open) != maxCodes {
		t.Errorf("%d codes are open", len(c.open))
	}
}

func TestN2_OnlyBothHalvesOfAPassAreGood(t *testing.T) {
	s, now := newSigner("token"), time.Now()
	cookie, page := s.issue(now)
	cookie2, page2 := s.issue(now)
	parts := strings.SplitN(cookie, ".", 3)
	later := strings.Replace(cookie, parts[0], "99999999999", 1)
	for name, c := range map[string]struct {
		cookie, page string
		at           time.Time
		good         bool
	}{
		"both":                {cookie, page, now, true},
		"both, later":         {cookie, page, now.Add(passLife - time.Minute), true},
		"too late":            {cookie, page, now.Add(passLife + time.Minute), false},
		"no page":             {cookie, "", now, false},
		"no cookie":           {"", page, now, false},
		"of another":          {cookie, page2, now, false},
		"of another, too":     {cookie2, page, now, false},
		"the halves swapped":  {page, cookie, now, false},
		"the cookie's twice":  {cookie, parts[2], now, false},
		"a later end":         {later, page, now, false},
		"without a signature": {parts[0] + "." + parts[1] + ".", page, now, false},
		"dots":                {"...", "", now, false},
	} {
		if got := s.good(c.cookie, c.page, c.at); got != c.good {
			t.Errorf("%s: %t", name, got)
		}
	}
	if newSigner("another").good(cookie, page, now) {
		t.Error("it is good with another token")
	}
	if strings.Contains(cookie, page) || strings.Contains(page, parts[2]) {
		t.Error("one half tells of the other")
	}
}

// desk serves what daemon does, with a backend that says yes to those let in.
func desk(t *testing.T) (*Desk, *httptest.Server) {
	d := New("token", "http://127.0.0.1:7771")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /issue", d.Issue)
	mux.HandleFunc("POST /login", d.Enter)
	mux.HandleFunc("POST /logout", d.Leave)
	say := func(what string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, what) })
	}
	mux.Handle("/api/v1/", d.Admit(say("in"), say("out")))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return d, s
}

func post(t *testing.T, url, kind, body string) (*http.Response, string) {
	t.Helper()
	res, err := http.Post(url, kind, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(data)
}

func TestLogInAndOut(t *testing.T) {
	_, s := desk(t)
	_, body := post(t, s.URL+"/issue", "application/json", "{}")
	var link api.Login
	if err := json.Unmarshal([]byte(body), &link); err != nil || !strings.HasPrefix(link.URL, "http://127.0.0.1:7771/#login=") {
		t.Fatalf("%s, %v", body, err)
	}
	_, code, _ := strings.Cut(link.URL, "=")
	in := `{"code":"` + code + `"}`

	for _, bad := range [][2]string{{"text/plain", in}, {"application/x-www-form-urlencoded", in}, {"application/json", "{"}, {"application/json", `{"code":"` + strings.Repeat("x", 2*maxBody) + `"}`}} {
		if res, body := post(t, s.URL+"/login", bad[0], bad[1]); res.StatusCode != http.StatusBadRequest || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", bad[0], res.StatusCode, body)
		}
	}
	res, body := post(t, s.URL+"/login", "application/json", in)
	var pass api.Pass
	if err := json.Unmarshal([]byte(body), &pass); err != nil || res.StatusCode != http.StatusOK || len(res.Cookies()) != 1 {
		t.Fatalf("%d %s, %v", res.StatusCode, body, err)
	}
	cookie := res.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Name != "brum-7771" || cookie.Path != "/api/v1/" || cookie.MaxAge <= 0 || cookie.Domain != "" {
		t.Errorf("%+v", cookie)
	}
	if res, body := post(t, s.URL+"/login", "application/json", in); res.StatusCode != http.StatusUnauthorized || !strings.Contains(body, "brum-hub open") {
		t.Errorf("the code again: %d %s", res.StatusCode, body)
	}
	for name, c := range map[string]struct {
		cookie, header, want string
	}{
		"both":   {cookie.Value, pass.Page, "in"},
		"cookie": {cookie.Value, "", "out"},
		"header": {"", pass.Page, "out"},
	} {
		req, _ := http.NewRequest("GET", s.URL+"/api/v1/x", nil)
		req.AddCookie(&http.Cookie{Name: "brum-7771", Value: c.cookie})
		req.Header.Set(Header, c.header)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if string(got) != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if res, _ := post(t, s.URL+"/logout", "application/json", "{}"); len(res.Cookies()) != 1 || res.Cookies()[0].MaxAge >= 0 {
		t.Errorf("after the log-out: %+v", res.Cookies())
	}
	if res, _ := post(t, s.URL+"/logout", "text/plain", "{}"); len(res.Cookies()) != 0 {
		t.Error("a simple request logs out")
	}
}

func TestNoPageWithoutHTTP(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	New("token", "").Issue(w, r)
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "--http") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
