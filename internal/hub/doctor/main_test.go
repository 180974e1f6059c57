package doctor

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/standardbeagle/brum/internal/limits"
)

// With this variable set, the test binary prints what it may open and ends.
const filesVariable = "BRUM_TEST_OPEN_FILES"

func TestMain(m *testing.M) {
	if os.Getenv(filesVariable) != "" {
		fmt.Println(limits.MaxFiles())
		return
	}
	goleak.VerifyTestMain(m)
}

// want asserts a finding and returns it.
func want(t *testing.T, findings []Finding, subject string, s Severity) Finding {
	t.Helper()
	for _, f := range findings {
		if f.Subject != subject {
			continue
		}
		if f.Severity != s {
			t.Errorf("%s is %v: %s; want %v", subject, f.Severity, f.What, s)
		}
		if f.What == "" || s >= Degraded && f.Mend == "" {
			t.Errorf("%s says too little: %+v", subject, f)
		}
		return f
	}
	t.Errorf("nothing about %s in %+v", subject, findings)
	return Finding{}
}
