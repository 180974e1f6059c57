//go:build integration

package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/standardbeagle/brum/internal/faultproxy"
)

// row is an expression for an instance's row.
func row(id string) string { return fmt.Sprintf("document.querySelector('[data-id=%q]')", id) }

func isState(id, state string) string {
	return fmt.Sprintf("%s?.dataset.state === %q", row(id), state)
}

// An instance appears, an outage shows and then its story, and the log goes on over that and
// over a restart of the hub, each line once.
func TestL2_PageTellsTheStory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub()
	b := newTab(t)
	b.open(w)
	b.until("an empty list", `!document.querySelector('#empty').hidden`)
	web := w.startInstance("web", "count")
	b.until("the instance", isState(web.id, "active"))

	b.do(row(web.id) + ".querySelector('.name').click()")
	lines := fmt.Sprintf("[...%s.querySelectorAll('.line')].map((l) => Number(l.dataset.seq))", row(web.id))
	last := 0
	reach := func(when string, more int) {
		t.Helper()
		b.until("lines "+when, fmt.Sprintf("(%s.at(-1) ?? 0) >= %d", lines, last+more))
		all := eval[[]int](b, lines)
		for i := 1; i < len(all); i++ {
			if all[i] != all[i-1]+1 {
				t.Fatalf("%s: line %d after line %d", when, all[i], all[i-1])
			}
		}
		last = all[len(all)-1]
	}
	reach("at first", 30)
	b.until("the process", row(web.id)+`.querySelector('[data-process-state="running"]')`)

	web.proxy.Admit(faultproxy.Refuse)
	web.proxy.Cut(faultproxy.RST)
	b.until("the outage", isState(web.id, "retrying"))
	web.proxy.Heal()
	b.until("the resume", isState(web.id, "active"))
	reach("after an outage", 30)

	b.do(row(web.id) + ".querySelector('.name').click()") // closed
	// A machine that is very busy may make for more than one.
	b.until("a resume to click", "/^[1-9][0-9]* resumes?$/.test("+row(web.id)+".querySelector('.resumes').textContent)")
	b.do(row(web.id) + ".querySelector('.resumes').click()")
	b.until("the story", row(web.id)+".querySelector('.story details[open] .why')")
	stories := eval[[]string](b, "[..."+row(web.id)+".querySelectorAll('.story .why')].map((w) => w.textContent)")
	i := slices.IndexFunc(stories, func(why string) bool { return strings.Contains(why, "the connection failed") })
	if i < 0 {
		t.Fatalf("the outage is in none of %q", stories)
	}
	why := stories[i]
	for _, part := range []string{"Lost at ", "; back at ", " dial", "2 round trips", "same session"} {
		if !strings.Contains(why, part) {
			t.Errorf("the story lacks %q: %s", part, why)
		}
	}

	last = 0
	reach("in a log opened anew", 1)
	seen := func(hidden bool) {
		b.do(fmt.Sprintf("Object.defineProperty(document, 'hidden', {value: %t, configurable: true}), document.dispatchEvent(new Event('visibilitychange'))", hidden))
	}
	seen(true) // a page that nobody sees rests
	stopped := eval[int](b, lines+".at(-1)")
	w.await("lines that the page does not see", func() bool {
		out, err := w.command("logs", "web", "-n", "1", "--json").Output()
		var record struct{ Line struct{ Seq int } }
		line, _, _ := strings.Cut(string(out), "\n")
		return err == nil && json.Unmarshal([]byte(line), &record) == nil && record.Line.Seq > stopped+20
	})
	seen(false)
	reach("after a rest", 30)
	w.hub.kill()
	b.until("that the hub is away", `!document.querySelector('#banner').hidden && document.body.classList.contains('away')`)
	w.startHub()
	b.until("the hub", `document.querySelector('#banner').hidden && `+isState(web.id, "active"))
	reach("after a restart of the hub", 30)
	history, err := w.command("history", "web").Output()
	if err != nil || !strings.Contains(string(history), why[:strings.Index(why, ";")]) {
		t.Errorf("the history after the restart, %v: %s", err, history)
	}
}

// Processes can be stopped and started, and the instance disconnected and connected.
func TestPageActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub()
	web := w.startInstance("web", "count")
	b := newTab(t)
	b.open(w)
	b.until("the instance", isState(web.id, "active"))
	b.do(row(web.id) + ".querySelector('.name').click()")
	button := func(text string) {
		t.Helper()
		find := fmt.Sprintf("[...%s.querySelectorAll('button')].find((b) => b.textContent === %q && !b.hidden)", row(web.id), text)
		b.until("the button "+text, find)
		b.do(find + ".click()")
	}
	process := func(state string) {
		t.Helper()
		b.until("the process to be "+state, fmt.Sprintf("%s.querySelector('[data-process-state=%q]')", row(web.id), state))
	}
	process("running")
	button("Stop")
	process("stopped")
	button("Start")
	process("running")
	button("Restart")
	b.until("a third process", row(web.id)+".querySelector('.log option[value$=\"-3\"]')")
	button("Disconnect")
	b.until("the end of the session", isState(web.id, "stopped"))
	button("Connect")
	b.until("the session", isState(web.id, "active"))
	button("Reconnect")
	b.until("the session", isState(web.id, "active"))
}

// What a search has found stays while the page is hidden, and what runs can be seen, and
// stopped, while package.json can't be read.
func TestPageKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub()
	web := w.startInstance("web", "count")
	if err := os.WriteFile(filepath.Join(w.projects[0], "package.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	b.open(w)
	b.until("the instance", isState(web.id, "active"))
	b.do(row(web.id) + ".querySelector('.name').click()")
	b.until("the process", row(web.id)+`.querySelector('[data-process-state="running"]')`)
	b.until("what is wrong", row(web.id)+".textContent.includes('package.json')")

	search := row(web.id) + ".querySelector('.log input')"
	b.until("lines", fmt.Sprintf("%s.querySelectorAll('.line').length > 20", row(web.id)))
	b.do(fmt.Sprintf("(%[1]s.value = 'line 7', %[1]s.dispatchEvent(new Event('input')))", search))
	b.do(fmt.Sprintf("%s.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}))", search))
	found := row(web.id) + ".querySelector('.log .lines').lastChild?.textContent.includes('match')"
	b.until("what was found", found)

	hide := "(Object.defineProperty(document, 'hidden', {value: %v, configurable: true}), document.dispatchEvent(new Event('visibilitychange')))"
	b.do(fmt.Sprintf(hide, true))
	b.do(fmt.Sprintf(hide, false))
	// The process goes on: a later look at it, after which lines would have come.
	uptime := row(web.id) + ".querySelector('.p-about').textContent"
	before := eval[string](b, uptime)
	b.until("another look at the processes", fmt.Sprintf("%s !== %q", uptime, before))
	if !eval[bool](b, "Boolean("+found+")") {
		t.Error("the live log goes on behind what was found")
	}
	b.do(fmt.Sprintf("(%[1]s.value = '', %[1]s.dispatchEvent(new Event('input')))", search))
	b.until("the live log", fmt.Sprintf("!(%s) && %s.querySelectorAll('.line').length > 20", found, row(web.id)))
}
