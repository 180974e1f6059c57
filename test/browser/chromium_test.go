//go:build integration

package browser

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is the one browser of all tests; each has a profile of its own in it.
var chromium browser

type browser struct {
	once   sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	err    error
}

func (b *browser) begin() {
	options := []chromedp.ExecAllocatorOption{
		chromedp.NoFirstRun, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), // containers give little
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true),
		chromedp.WSURLReadTimeout(time.Minute),
	}
	if path := os.Getenv("CHROMIUM"); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	b.ctx, b.cancel = ctx, func() { end(); cancel() }
	b.err = chromedp.Do(ctx)
}

func (b *browser) end() {
	if b.cancel != nil {
		b.cancel()
	}
}

// needBrowser is for what a test can't do without.
func needBrowser(t *testing.T) {
	t.Helper()
	names := []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"}
	for _, name := range names {
		if _, err := exec.LookPath(name); name != "" && err == nil {
			return
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("Chromium is missing on this machine, and with CI=true nothing is skipped")
	}
	t.Skip("Chromium is missing on this machine")
}

// tab is a tab of the browser, with a profile of its own, in which nothing may go wrong
// unseen.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	hosts    map[string]bool // of all requests
	failures []string
	foreign  bool // other hosts, and failures, are what the test is about
}

// patience bounds whatever a tab does; it is for busy machines.
const patience = 30 * time.Second

func newTab(t *testing.T) *tab {
	t.Helper()
	needBrowser(t)
	chromium.once.Do(chromium.begin)
	if chromium.err != nil {
		t.Fatal("Chromium: ", chromium.err)
	}
	b := &tab{t: t, hosts: make(map[string]bool)}
	ctx, cancel := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	b.ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			b.keepPicture()
		}
		cancel()
		b.verdict()
	})
	if err := chromedp.Do(ctx); err != nil { // the tab ends with the context of this call
		t.Fatal(err)
	}
	command(b, network.Enable, network.EnableParams{})
	command(b, log.Enable, cdp.Empty{})
	command(b, runtime.Enable, cdp.Empty{})
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ws" || u.Scheme == "wss") {
			b.hosts[u.Host] = true
		}
	case *runtime.EventExceptionThrown:
		b.failures = append(b.failures, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		// Failed requests are what outages are made of; the rest, a violated policy among it, is not.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			b.failures = append(b.failures, string(e.Entry.Source)+": "+e.Entry.Text)
		}
	}
}

// verdict: no page asks anybody but its hub, throws, or violates its policy.
func (b *tab) verdict() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.foreign {
		return
	}
	for _, f := range b.failures {
		b.t.Error("in the page: ", f)
	}
	if len(b.hosts) > 1 {
		b.t.Errorf("the page asked these hosts: %v", b.hosts)
	}
}

func (b *tab) run(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// command is one of the browser's protocol.
func command[P, R any](b *tab, c cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, c, params)
	if err != nil {
		b.t.Fatalf("%s: %v", c.Method, err)
	}
	return result
}

// eval is the value of an expression, awaited if it is a promise.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// do is an expression without a value.
func (b *tab) do(expression string) {
	b.t.Helper()
	eval[chromedp.Void](b, expression)
}

// until waits until an expression is true.
func (b *tab) until(what, expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		if eval[bool](b, "Boolean("+expression+")") {
			return
		}
		if time.Now().After(deadline) {
			text := eval[string](b, "document.body.innerText")
			b.t.Fatalf("waiting for %s: in vain; the page says:\n%s", what, text[:min(len(text), 2000)])
		}
	}
}

// open logs in to the page of the world's hub.
func (b *tab) open(w *world) {
	b.t.Helper()
	b.run("open the page", chromedp.Navigate(w.link()))
	b.until("the list", `document.querySelector('#list') && !document.body.classList.contains('out')`)
}

func (b *tab) keepPicture() {
	dir := os.Getenv("BROWSER_PICTURES") // where failing tests leave what they saw
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
		os.WriteFile(dir+"/"+strings.ReplaceAll(b.t.Name(), "/", "_")+".png", picture, 0o644)
	}
}
