//go:build integration

package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
)

func (b *tab) size(width, height int64) {
	b.t.Helper()
	command(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
}

// keys presses keys, one after the other. What a key writes it does not where the page prevents
// that.
func (b *tab) keys(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		p := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Code: key, WindowsVirtualKeyCode: virtual[key]}
		if len(key) == 1 {
			p.Text = key
		}
		if key == "Enter" {
			p.Text = "\r"
		}
		command(b, input.DispatchKeyEvent, p)
		p.Type, p.Text = input.DispatchKeyEventTypeKeyUp, ""
		command(b, input.DispatchKeyEvent, p)
	}
}

var virtual = map[string]int64{"Enter": 13, "Escape": 27, "Tab": 9, "ArrowUp": 38, "ArrowDown": 40}

func (b *tab) focused() string {
	b.t.Helper()
	return eval[string](b, "document.activeElement.closest('.row')?.dataset.id ?? document.activeElement.id")
}

// All can be done by keyboard, and at the width of a phone.
func TestKeyboardAndPhone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub()
	one, two := w.startInstance("one", "count"), w.startInstance("two", "count")
	b := newTab(t)
	b.size(390, 844)
	b.open(w)
	b.until("the instances", isState(one.id, "active")+" && "+isState(two.id, "active"))

	for _, step := range []struct{ keys, focus string }{
		{"ArrowDown", one.id}, {"ArrowDown", two.id}, {"ArrowUp", one.id}, {"j", two.id}, {"/", "filter"}, {"o", "filter"}, {"n", "filter"}, {"e", "filter"},
	} {
		b.keys(step.keys)
		if got := b.focused(); got != step.focus {
			t.Fatalf("after %q the focus is at %q, want %q", step.keys, got, step.focus)
		}
	}
	b.until("one row", "document.querySelector('#filter').value === 'one' && "+row(two.id)+".hidden && !"+row(one.id)+".hidden")
	b.keys("Escape")
	b.until("both rows", "!"+row(two.id)+".hidden")
	b.keys("ArrowDown")
	b.keys("Enter")
	b.until("an open row", fmt.Sprintf("%s.querySelector('.line') && %s.querySelector('.name').getAttribute('aria-expanded') === 'true'", row(one.id), row(one.id)))
	if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		t.Errorf("at the width of a phone the page is %d too wide", over)
	}
	// Every control can be reached by Tab, and what has the focus shows it.
	seen := map[string]bool{}
	for range 60 {
		b.keys("Tab")
		seen[eval[string](b, "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.slice(0, 20)")] = true
		if style := eval[string](b, "document.activeElement === document.body ? 'solid' : getComputedStyle(document.activeElement).outlineStyle"); style == "none" {
			t.Errorf("the focus does not show on %s", eval[string](b, "document.activeElement.outerHTML.slice(0, 100)"))
		}
	}
	for _, want := range []string{"Stop count", "Restart count", "Reconnect", "Disconnect", "Search the log", "Output"} {
		if !seen[want] {
			t.Errorf("Tab does not reach %q: %v", want, seen)
		}
	}
	b.keys("Escape")
	b.until("a closed row", "!document.querySelector('.panel')")
	if got := b.focused(); got != one.id {
		t.Errorf("after the row was closed the focus is at %q", got)
	}
	// What is named by nothing can't be told by those who do not see it.
	if bare := eval[[]string](b, `[...document.querySelectorAll('button, input, select, svg[role=img]')]
		.filter((e) => !e.textContent.trim() && !e.getAttribute('aria-label')).map((e) => e.outerHTML.slice(0, 80))`); len(bare) > 0 {
		t.Errorf("without a name: %q", bare)
	}
}

// Five hundred instances are there, and the page still answers.
func TestManyInstances(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub()
	real := w.startInstance("real", "count")
	record := w.readRecord(filepath.Join(w.dir, "found", real.id+".json"))
	const many = 500
	for n := 1; n < many; n++ {
		record["id"], record["name"] = fmt.Sprintf("many-%03d", n), fmt.Sprintf("many %03d", n)
		record["session_url"] = "ws://127.0.0.1:9/session" // nobody is there
		w.announce(record)
	}
	b := newTab(t)
	b.size(1280, 900)
	b.open(w)
	b.until("all rows", fmt.Sprintf("document.querySelectorAll('.row').length === %d && %s", many, isState(real.id, "active")))
	// What is out of sight costs nothing: its bar is not even drawn.
	b.until("bars in sight", "document.querySelector('.row .bar path[d]')")
	if drawn := eval[int](b, "[...document.querySelectorAll('.row')].filter((r) => r.querySelector('.bar path[d]')).length"); drawn > 60 {
		t.Errorf("%d bars are drawn", drawn)
	}
	b.do("document.querySelector('#filter').focus()")
	b.keys(strings.Split("many 321", "")...)
	b.until("one row", "[...document.querySelectorAll('.row')].filter((r) => !r.hidden).length === 1")
	if err := os.Remove(filepath.Join(w.dir, "found", "many-321.json")); err != nil {
		t.Fatal(err)
	}
	b.until("the end of its row", fmt.Sprintf("document.querySelectorAll('.row').length === %d", many-1))
}
