package limits

import (
	"math"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standardbeagle/brum/errors"
)

func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestConnections(t *testing.T) {
	for _, c := range []struct {
		flag, variable string
		want           int
	}{
		{"", "", DefaultConnections}, {"", "5", 5}, {"7", "5", 7}, {"1", "", 1}, {"65536", "nonsense", 65536},
	} {
		n, err := Connections(c.flag, env(map[string]string{ConnectionsVariable: c.variable}))
		if err != nil || n != c.want {
			t.Errorf("%+v: %d, %v", c, n, err)
		}
	}
	for _, bad := range []string{"0", "-1", "five", "5 ", "1e3", "65537", "99999999999999999999"} {
		_, err := Connections(bad, env(nil))
		if errors.Of(err) != errors.Invalid || !strings.HasPrefix(err.Error(), "--max-connections: ") {
			t.Errorf("flag %q: %v", bad, err)
		}
		_, err = Connections("", env(map[string]string{ConnectionsVariable: bad}))
		if errors.Of(err) != errors.Invalid || !strings.HasPrefix(err.Error(), "BRUMMER_MAX_CONNECTIONS: ") {
			t.Errorf("variable %q: %v", bad, err)
		}
	}
}

func TestParseMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for _, c := range []struct {
		flag, variable string
		want           int64
	}{
		{"", "", DefaultMemory}, {"", "256MiB", 256 << 20}, {"1G", "256MiB", 1 << 30}, {"off", "256MiB", 0}, {"", "OFF", 0},
	} {
		n, err := ParseMemory(c.flag, env(map[string]string{MemoryVariable: c.variable}), DefaultMemory)
		if err != nil || n != c.want {
			t.Errorf("%+v: %d, %v", c, n, err)
		}
	}
	for _, bad := range []string{"0", "-1", "1MiB", "much", "9999999GiB"} {
		_, err := ParseMemory(bad, env(nil), 0)
		if errors.Of(err) != errors.Invalid || !strings.HasPrefix(err.Error(), "--memory-limit: ") {
			t.Errorf("flag %q: %v", bad, err)
		}
	}
	// GOMEMLIMIT was read by the runtime.
	debug.SetMemoryLimit(300 << 20)
	if n, err := ParseMemory("", env(map[string]string{"GOMEMLIMIT": "300MiB"}), DefaultMemory); err != nil || n != 300<<20 {
		t.Error(n, err)
	}
	debug.SetMemoryLimit(math.MaxInt64)
	if n, err := ParseMemory("", env(map[string]string{"GOMEMLIMIT": "off"}), DefaultMemory); err != nil || n != 0 {
		t.Error(n, err)
	}
}

func TestK2_MemoryAboveTheLimitIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 100 << 20
		used, reads := int64(limit), 0
		m := &Memory{limit: limit, read: func() int64 { reads++; return used }}
		if err := m.Check(); err != nil {
			t.Errorf("at the limit: %v", err)
		}
		used++
		for range 100 {
			if err := m.Check(); err != nil {
				t.Errorf("a reading of this moment does: %v", err)
			}
		}
		time.Sleep(sampleMemory)
		err := m.Check()
		if _, ok := errors.AsType[*FullError](err); !ok || errors.Of(err) != errors.Limit || errors.RetryAfter(err) != memoryAfter || !errors.IsTemporary(err) {
			t.Errorf("above it: %v", err)
		}
		used = 1
		time.Sleep(sampleMemory)
		if m.Exceeded() || reads != 3 {
			t.Errorf("below it again: %d readings", reads)
		}
		m.limit = 0
		used = math.MaxInt64
		time.Sleep(sampleMemory)
		if m.Check() != nil || (*Memory)(nil).Check() != nil || (*Memory)(nil).Limit() != 0 {
			t.Error("no limit is one")
		}
	})
	if n := held(); n < 1<<20 || n > 1<<40 {
		t.Errorf("%d bytes held", n)
	}
}

func TestFiles(t *testing.T) {
	before := OpenFiles()
	if before < 0 {
		t.Log("this system does not tell")
		return
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if n := OpenFiles(); n != before+1 {
		t.Errorf("%d files open, %d before", n, before)
	}
	f.Close()
	if limit := MaxFiles(); limit != 0 && uint64(before) > limit {
		t.Errorf("%d files of at most %d", before, limit)
	}
}
