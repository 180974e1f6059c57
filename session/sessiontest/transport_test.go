package sessiontest_test

import (
	"os"
	"testing"

	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/session/sessiontest"
)

func TestNetworkAsTransport(t *testing.T) {
	sessiontest.TestTransport(t, func(t *testing.T, a *session.Acceptor) session.DialFunc {
		n := sessiontest.NewNetwork()
		n.Serve(a)
		t.Cleanup(func() { n.Close() })
		return n.Dial
	})
}

func TestEveryByteOfTheNetwork(t *testing.T) {
	sessiontest.TestEveryByte(t, stride(), sessiontest.OverNetwork)
}

// stride is that of the tests of every byte: of all bytes where EVERY_BYTE is set.
func stride() int {
	switch {
	case os.Getenv("EVERY_BYTE") != "":
		return 1
	case raceEnabled:
		return 3000
	default:
		return 100
	}
}
