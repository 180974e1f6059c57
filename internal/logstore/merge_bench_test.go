package logstore

import (
	"fmt"
	"regexp"
	"testing"
)

// BenchmarkSearchOfManyRuns is a search through the interleaved lines of as many runs as are
// remembered.
func BenchmarkSearchOfManyRuns(b *testing.B) {
	s := New(64 << 20)
	runs := make([]*Run, maxRuns)
	for i := range runs {
		runs[i] = s.Open(fmt.Sprint("p", i), fmt.Sprint("p", i, "-1"))
	}
	for n := range 20_000 {
		runs[n%len(runs)].Note(Info, "a line")
	}
	nothing := regexp.MustCompile("z")
	for b.Loop() {
		if _, err := s.Search(b.Context(), Search{Pattern: nothing}); err != nil {
			b.Fatal(err)
		}
	}
}
