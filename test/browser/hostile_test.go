//go:build integration

package browser

import (
	"fmt"
	"testing"
)

// Whatever a process prints or an instance is called, it stays text, and in its place.
func TestHostileLinesAndNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startHub()
	name := `<img src=x onerror=window.pwned=1>` + "\u202e" + `"'&amp;` + fmt.Sprint(make([]int, 100))
	hostile := w.startInstance(name, "hostile")
	b := newTab(t)
	b.open(w)
	b.until("the instance", isState(hostile.id, "active"))
	b.do(row(hostile.id) + ".querySelector('.name').click()")
	texts := fmt.Sprintf("[...%s.querySelectorAll('.line bdi')].map((l) => l.textContent)", row(hostile.id))
	b.until("the last line", texts+".includes('the last line')")

	got := map[string]bool{}
	for _, text := range eval[[]string](b, texts) {
		got[text] = true
	}
	for _, want := range []string{
		`<script>window.pwned = 1</script>`, `<img src=x onerror="window.pwned = 2">`, "link", "red orange deep plain", "nothing cut ",
		"no cursor moves", "no modes", "right to left gnp.exe end", "control characters", "progress 100%",
	} {
		if !got[want] {
			t.Errorf("no line %q in %v", want, got)
		}
	}
	if eval[bool](b, "window.pwned !== undefined") {
		t.Error("a line was run")
	}
	if n := eval[int](b, "document.querySelectorAll('#list img, #list script, #list a, #list iframe').length"); n > 0 {
		t.Errorf("%d elements were made of text", n)
	}
	if n := eval[int](b, "Math.max(...[...document.querySelectorAll('.line bdi')].map((l) => l.childNodes.length))"); n < 100 || n > 500 {
		t.Errorf("a line has up to %d pieces", n)
	}
	if colour := eval[string](b, fmt.Sprintf("getComputedStyle([...%s.querySelectorAll('.line bdi span')].find((s) => s.textContent === 'orange ')).color", row(hostile.id))); colour != "rgb(255, 135, 0)" {
		t.Errorf("orange is %s", colour)
	}
	for _, width := range []int64{1280, 390} {
		b.size(width, 800)
		if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("at %d the page is %d too wide", width, over)
		}
		if wide := eval[[]string](b, fmt.Sprintf("[...%s.querySelectorAll('.line')].filter((l) => l.scrollWidth > l.clientWidth + 1).map((l) => l.textContent.slice(0, 60))", row(hostile.id))); len(wide) > 0 {
			t.Errorf("at %d these lines leave their place: %q", width, wide)
		}
	}
}
