package sessiontest_test

import (
	"testing"

	"github.com/standardbeagle/brum/session/sessiontest"
)

func TestPackageSession(t *testing.T) { sessiontest.TestPeer(t, sessiontest.PackageSession()) }
