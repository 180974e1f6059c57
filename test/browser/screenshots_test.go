//go:build integration && screenshots

package browser

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/standardbeagle/brum/internal/faultproxy"
	"github.com/standardbeagle/brum/internal/hub/api"
)

// TestScreenshots makes the pictures of the README; make screenshots runs it.
func TestScreenshots(t *testing.T) {
	dir, err := filepath.Abs("../../docs/screenshots")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	names := []string{"admin", "auth", "cart", "docs", "gateway", "mailer", "search", "shop", "storefront"}
	instances := map[string]*instance{}
	for _, name := range names {
		instances[name] = w.startInstance(name, "dev")
	}
	w.inventPast(names, instances)
	w.startHub()
	b := newTab(t)
	b.size(1200, 800)
	b.open(w)
	for _, name := range names {
		b.until(name, isState(instances[name].id, "active"))
	}
	shop := instances["shop"]
	b.do(row(shop.id) + ".querySelector('.name').click()")
	b.until("some lines", row(shop.id)+".querySelectorAll('.line').length > 40")
	time.Sleep(25 * time.Second) // for the round trips to become a line
	b.picture(filepath.Join(dir, "normal.png"))

	for _, name := range []string{"shop", "gateway"} {
		instances[name].proxy.Blackhole()
		instances[name].proxy.Cut(faultproxy.RST)
	}
	b.until("the outage", isState(shop.id, "retrying"))
	time.Sleep(6 * time.Second)
	b.picture(filepath.Join(dir, "outage.png"))

	for _, name := range []string{"shop", "gateway"} {
		instances[name].proxy.Heal()
	}
	b.until("the resume", isState(shop.id, "active")+" && "+row(shop.id)+".querySelector('.story details')")
	b.do(row(shop.id) + ".querySelector('.resumes').click()")
	b.until("the story", row(shop.id)+".querySelector('.story details[open]')")
	time.Sleep(3 * time.Second)
	b.picture(filepath.Join(dir, "resume.png"))

	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	time.Sleep(time.Second)
	b.picture(filepath.Join(dir, "dark.png"))

	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	b.size(390, 844)
	time.Sleep(2 * time.Second)
	b.do("document.activeElement.blur(), scrollTo(0, " + row(shop.id) + ".offsetTop - 120)")
	time.Sleep(time.Second)
	b.picture(filepath.Join(dir, "phone.png"))
}

// picture keeps what the tab shows.
func (b *tab) picture(path string) {
	b.t.Helper()
	data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		data, err = fewColours(data)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	const most = 150 << 10
	if len(data) > most {
		b.t.Errorf("%s has %d bytes, at most %d are wanted", path, len(data), most)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// fewColours writes a picture with the 256 colours that it has most of: pages have few.
func fewColours(data []byte) ([]byte, error) {
	in, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	counts := map[color.RGBA]int{}
	box := in.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			counts[color.RGBAModel.Convert(in.At(x, y)).(color.RGBA)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int { return counts[b] - counts[a] })
	var palette color.Palette
	for _, c := range colours[:min(len(colours), 256)] {
		palette = append(palette, c)
	}
	out := image.NewPaletted(box, palette)
	draw.Draw(out, box, in, box.Min, draw.Src)
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out)
	return b.Bytes(), err
}

// inventPast writes six hours of history for instances that are a moment old, in the hub's own
// format: the pictures are of real programs, but nobody waits that long for them.
func (w *world) inventPast(names []string, instances map[string]*instance) {
	w.t.Helper()
	began := time.Now().Add(-6 * time.Hour)
	at := func(minute float64) time.Time { return began.Add(time.Duration(minute * float64(time.Minute))) }
	var lines []string
	event := func(minute float64, kind api.EventKind, forMillis float64) {
		lines = append(lines, line(map[string]any{"event": api.Event{At: at(minute), Kind: kind, ForMillis: forMillis}}))
	}
	event(-10, api.EventHub, 0)
	event(95, api.EventSleep, 0)
	event(131, api.EventWake, 36*60e3)
	event(212, api.EventOffline, 0)
	event(213.5, api.EventOnline, 0)
	for n, name := range names {
		change := func(minute float64, from, to api.State, trigger string) {
			lines = append(lines, line(map[string]any{"id": instances[name].id, "name": name, "change": api.Change{
				At: at(minute), From: from, To: to, Trigger: trigger, SessionID: "0123456789abcdef0123456789abcdef"}}))
		}
		first := float64(-5 + 17*(n%4))
		change(first, api.Connecting, api.Active, "start")
		change(131, api.Active, api.Retrying, "wake")
		lines = append(lines, line(map[string]any{"id": instances[name].id, "name": name, "change": api.Change{
			At: at(131.02), From: api.Retrying, To: api.Active, Trigger: "wake", SessionID: "0123456789abcdef0123456789abcdef",
			OutageMillis: 1210, ResumeMillis: 1.9, Reconnect: &api.Reconnect{LostAt: at(131), Trigger: "wake", SilenceMillis: 260, Dials: 2,
				RoundTrips: 2, Replayed: 3, Session: api.SessionKept}}}))
		if n%3 != 1 {
			change(212.4, api.Active, api.Suspect, "network")
			change(213.6, api.Suspect, api.Active, "network")
		}
		if name == "mailer" {
			change(255, api.Active, api.Stalled, "none")
			change(271, api.Stalled, api.Active, "none")
		}
		if name == "search" {
			change(301, api.Active, api.Stopped, "user")
			change(322, api.Stopped, api.Active, "user")
		}
		if name == "auth" {
			change(160, api.Active, api.Retrying, "error")
			change(172, api.Retrying, api.Active, "error")
		}
	}
	if err := os.WriteFile(filepath.Join(w.dir, "state", "history.jsonl"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func line(record any) string {
	data, err := json.Marshal(record)
	if err != nil {
		panic(err) // it holds texts and numbers
	}
	return string(data)
}
