package discovery

import "testing"

func TestB3_stat(t *testing.T) {
	const tail = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21 22"
	for _, c := range []struct {
		name, stat string
		want       observation
	}{
		{"plain", "42 (brum) S" + tail, observation{true, "ticks:4711"}},
		{"stopped", "42 (brum) T" + tail, observation{true, "ticks:4711"}},
		{"zombie", "42 (brum) Z" + tail, observation{}},
		{"hostile name", "42 (a) Z 1) (b) R" + tail, observation{true, "ticks:4711"}},
		{"cut", "42 (brum) S 1 2", observation{true, ""}},
		{"empty", "", observation{true, ""}},
	} {
		if got := parseStat([]byte(c.stat)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
