package report

import "testing"

func TestSequence(t *testing.T) {
	var s Sequence
	var l Ledger
	for _, n := range []uint64{1, 2, 2, 1, 5, 6} {
		s.Take(n, &l)
	}
	if l.Received != 4 || l.Duplicates != 2 || l.Gaps != 2 {
		t.Errorf("%+v, want 4 received, 2 duplicates, 2 missing", l)
	}
}
