//go:build wine

package iphelper

import (
	"os/exec"
	"testing"
	"time"
)

// Wine runs in a network of its own here, so that the test can change its addresses.
func TestAddressListSeesAddresses(t *testing.T) {
	s := newSink()
	stop := start(t, watchAddresses, s)
	for _, change := range []string{"add", "del", "add", "del"} {
		out, err := exec.Command("start.exe", "/unix", "/bin/ip", "addr", change, "10.99.0.1/24", "dev", "brum0").CombinedOutput()
		if err != nil {
			t.Fatalf("ip addr %s: %v\n%s", change, err, out)
		}
		select {
		case <-s.hints:
		case <-time.After(10 * time.Second):
			t.Fatalf("nothing was heard of ip addr %s", change)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
