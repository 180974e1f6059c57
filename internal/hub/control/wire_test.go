package control

import (
	"bytes"
	"testing"
)

// FuzzRecords: whatever a hub, or what answers in its place, streams, it is read to its end
// or refused.
func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"progress":{"progress":1}}` + "\n" + `{"result":{"content":[{"type":"text","text":"x"}]}}` + "\n"))
	f.Add([]byte(`{"error":{"code":"timeout","message":"m"}}` + "\n"))
	f.Add([]byte(`{"revisions":{}}` + "\n{"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := newRecords(bytes.NewReader(stream))
		for range bytes.Count(stream, []byte("\n")) + 1 {
			if rec, err := r.next(); err != nil {
				return
			} else if rec == nil {
				t.Fatal("neither a record nor an error")
			}
		}
		t.Errorf("more records than lines")
	})
}
