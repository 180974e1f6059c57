//go:build wine

package winpower

import (
	"slices"
	"testing"
)

// On a desktop of its own, what the system broadcasts can be broadcast for real. On another,
// all programs would believe it.
func TestBroadcastReachesTheWindow(t *testing.T) {
	var h heard
	w, err := openWindow(h.listen)
	if err != nil {
		t.Fatal(err)
	}
	const everybody = 0xffff
	for _, number := range []uintptr{0x4, 0x12, 0x7} {
		send(t, everybody, 0x218, number)
	}
	w.close()
	if want := []uint32{0x4, 0x12, 0x7}; !slices.Equal(h.events, want) {
		t.Errorf("heard %#x, want %#x", h.events, want)
	}
}
