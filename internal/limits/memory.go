package limits

import (
	"fmt"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"github.com/standardbeagle/brum/errors"
)

const (
	// MemoryVariable is the environment's word on the memory limit.
	MemoryVariable = "BRUM_MEMORY_LIMIT"
	// MemoryFlag is that of the command line, which comes first.
	MemoryFlag = "memory-limit"
	// DefaultMemory is twice what all bounded buffers of a hub can hold together. It is there
	// for what nobody thought of.
	DefaultMemory = 1 << 30

	leastMemory  = 64 << 20
	memoryAfter  = 5 * time.Second
	sampleMemory = 100 * time.Millisecond
)

// ParseMemory is the memory limit in bytes: what the flag says or else the environment or else,
// as the collector knows it, GOMEMLIMIT, or else the default. 0 is "off". Any other value below
// 64 MiB, or that is no size, is an error of kind Invalid that names where it came from.
func ParseMemory(flag string, getenv func(string) string, byDefault int64) (int64, error) {
	value, from := given(flag, "--"+MemoryFlag, getenv, MemoryVariable)
	switch {
	case value == "" && getenv("GOMEMLIMIT") != "":
		if n := debug.SetMemoryLimit(-1); n < math.MaxInt64 {
			return n, nil
		}
		return 0, nil
	case value == "":
		return byDefault, nil
	case strings.EqualFold(value, "off"):
		return 0, nil
	}
	n, err := ParseSize(value)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: %w, or off: %w", from, err, errors.Invalid)
	case n < leastMemory:
		return 0, fmt.Errorf("%s: %s is too little, at least %s are needed: %w", from, Size(n), Size(leastMemory), errors.Invalid)
	}
	return n, nil
}

// Memory is a soft limit of what this process takes of the system's memory. The collector works
// to stay below it, the harder the nearer; so only what is really in use gets above, and then
// new work is to be refused. It may be used concurrently. A nil *Memory is no limit.
type Memory struct {
	limit int64
	read  func() int64

	mu sync.Mutex
	// guards following
	at   time.Time // when used was read
	used int64
}

// LimitMemory puts the process below limit bytes; 0 is no limit. It is for the programs' main
// packages: there is one limit a process.
func LimitMemory(limit int64) *Memory {
	if limit > 0 {
		debug.SetMemoryLimit(limit)
	}
	return NewMemory(limit, held)
}

// NewMemory is LimitMemory for what read tells, and leaves the collector alone.
func NewMemory(limit int64, read func() int64) *Memory { return &Memory{limit: limit, read: read} }

// held is what the runtime's own limit counts.
func held() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

// Limit returns the limit in bytes; 0 is none.
func (m *Memory) Limit() int64 {
	if m == nil {
		return 0
	}
	return m.limit
}

// Used returns the bytes held, as of the last tenth of a second.
func (m *Memory) Used() int64 {
	if m == nil {
		return held()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := time.Now(); m.at.IsZero() || now.Sub(m.at) >= sampleMemory {
		m.at, m.used = now, m.read()
	}
	return m.used
}

// Exceeded reports whether new work is to be refused.
func (m *Memory) Exceeded() bool { return m != nil && m.limit > 0 && m.Used() > m.limit }

// Check returns a *FullError if new work is to be refused.
func (m *Memory) Check() error {
	if !m.Exceeded() {
		return nil
	}
	return &FullError{
		What: "bytes of memory", Limit: Size(m.limit), After: memoryAfter,
		Way: "raise --" + MemoryFlag + " or " + MemoryVariable,
	}
}
