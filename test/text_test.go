//go:build integration

package test

import (
	"bytes"
	"regexp"
	"sync"
)

// text is what a program has printed so far.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// find waits until something matches, and returns its first group.
func (x *text) find(w *world, pattern string) (found string) {
	w.t.Helper()
	want := regexp.MustCompile(pattern)
	w.await(pattern, func() bool {
		if m := want.FindStringSubmatch(x.String()); m != nil {
			found = m[1]
		}
		return found != ""
	})
	return found
}
