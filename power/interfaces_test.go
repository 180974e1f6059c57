package power

import (
	"net/netip"
	"testing"
)

func TestTheStandardLibrarysView(t *testing.T) {
	raw, err := stdNetwork()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range raw.Interfaces {
		for _, a := range i.Addrs {
			if !a.Prefix.IsValid() || a.Prefix.Addr().Is4In6() {
				t.Errorf("%s: %v", i.Name, a)
			}
			if a.Prefix == netip.MustParsePrefix("127.0.0.1/8") && i.Loopback && i.Up {
				return
			}
		}
	}
	t.Errorf("there is no loopback: %+v", raw)
}
