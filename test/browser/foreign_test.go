//go:build integration

package browser

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// foreign is a server beside the hub, whose pages are up to no good. It notes the cookies that
// it is sent.
type foreign struct {
	*httptest.Server
	mu      sync.Mutex
	cookies string
}

func newForeign(t *testing.T) *foreign {
	f := &foreign{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.cookies += r.Header.Get("Cookie")
		f.mu.Unlock()
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!doctype html><title>foreign</title><body>foreign")
	}))
	t.Cleanup(f.Close)
	return f
}

// N1: a page of another origin, of another port of the same host or of another name, can neither
// act nor read, although the browser is logged in.
func TestN1_OtherOriginsCanNotAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub()
	web := w.startInstance("web", "count")
	b := newTab(t)
	b.foreign = true
	b.open(w)
	b.until("the instance", isState(web.id, "active"))
	half := eval[string](b, "localStorage.getItem('brum-page')")
	if half == "" || eval[string](b, "document.cookie") != "" {
		t.Fatal("scripts see the wrong half of the pass")
	}
	f := newForeign(t)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(f.URL, "http://"))
	for _, at := range []string{f.URL, "http://localhost:" + port} {
		b.run("foreign page", chromedp.Navigate(at))
		// What a page can try. Each resolves to what it got out of it.
		tries := map[string]string{
			"read":      `fetch(hub + '/api/v1/status', {credentials: 'include'}).then((r) => r.text())`,
			"header":    `fetch(hub + '/api/v1/status', {credentials: 'include', headers: {'Brum-Page': half}}).then((r) => r.text())`,
			"act":       `fetch(hub + '/api/v1/disconnect', {method: 'POST', credentials: 'include', headers: {'Content-Type': 'application/json', 'Brum-Page': half}, body: body}).then((r) => r.text())`,
			"simple":    `fetch(hub + '/api/v1/disconnect', {method: 'POST', mode: 'no-cors', credentials: 'include', body: body}).then((r) => r.text())`,
			"login":     `fetch(hub + '/login', {method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"code":"x"}'}).then((r) => r.text())`,
			"mcp":       `fetch(hub + '/mcp', {method: 'POST', credentials: 'include', headers: {'Content-Type': 'application/json'}, body: '{}'}).then((r) => r.text())`,
			"events":    `new Promise((done, fail) => { const e = new EventSource(hub + '/api/v1/live', {withCredentials: true}); e.onmessage = () => done('told'); e.onerror = () => fail() })`,
			"websocket": `new Promise((done, fail) => { const s = new WebSocket(hub.replace('http', 'ws') + '/api/v1/live'); s.onopen = () => done('open'); s.onerror = () => fail() })`,
			"script":    `new Promise((done, fail) => { const s = document.createElement('script'); s.src = hub + '/main.js'; s.onload = () => done('loaded'); s.onerror = () => fail(); document.body.append(s) })`,
			"form":      `new Promise((done) => { const i = document.createElement('iframe'); i.name = 'to'; document.body.append(i); const f = document.createElement('form'); f.method = 'POST'; f.enctype = 'text/plain'; f.target = 'to'; f.action = hub + '/api/v1/disconnect'; const x = document.createElement('input'); x.name = body.slice(0, -1) + ',"x":"'; x.value = '"}'; f.append(x); document.body.append(f); i.onload = () => done(''); f.submit() })`,
		}
		for name, try := range tries {
			got := eval[string](b, fmt.Sprintf(`(async () => { const hub = %q, half = %q, body = JSON.stringify({instance: %q}); try { return await (%s) } catch { return '' } })()`,
				w.base(), half, web.id, try))
			if got != "" {
				t.Errorf("%s from %s: %.100s", name, at, got)
			}
		}
	}
	// The other port was sent the cookie; that alone opens nothing.
	f.mu.Lock()
	stolen := f.cookies
	f.mu.Unlock()
	for _, headers := range []map[string]string{{"Cookie": stolen}, {"Brum-Page": half}, {"Cookie": stolen, "Brum-Page": "x"}} {
		r, err := http.NewRequest("GET", w.base()+"/api/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range headers {
			r.Header.Set(k, v)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("half a pass: %d", res.StatusCode)
		}
	}
	b.run("back", chromedp.Navigate(w.base()))
	b.until("the instance as it was, without another login", isState(web.id, "active"))
}

// A link works once, leaves nothing in the address, and the page says what to do without one.
func TestN3_LinkWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub()
	link := w.link()
	first, second := newTab(t), newTab(t)
	first.run("open", chromedp.Navigate(link))
	first.until("the list", "!document.body.classList.contains('out') && document.querySelector('#login').hidden && document.title === 'brum'")
	first.until("an address without the code", "location.hash === ''")
	second.run("open", chromedp.Navigate(link))
	second.until("the way in", "!document.querySelector('#login').hidden && document.querySelector('#refused').textContent.includes('brum-hub open')")
	if eval[string](second, "location.href") != w.base()+"/" {
		t.Error("the code is still in the address")
	}
	second.run("paste another", chromedp.SendKeys(chromedp.CSS("#link"), w.link()), chromedp.Click(chromedp.CSS("#enter")))
	second.until("the list", "document.querySelector('#login').hidden && !document.body.classList.contains('out')")
}
