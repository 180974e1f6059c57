package callid

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/standardbeagle/brum/errors"
)

func TestParse(t *testing.T) {
	id := New()
	if got, err := Parse(strings.ToUpper(string(id))); err != nil || got != id {
		t.Errorf("%q, %v", got, err)
	}
	if New() == id {
		t.Error("two ids are the same")
	}
	for _, s := range []string{"", "x", string(id[1:]), string(id) + "00", strings.Repeat("g", 32), strings.Repeat("é", 16)} {
		if _, err := Parse(s); errors.Of(err) != errors.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// What is put into a call's _meta comes out of it again behind JSON.
func TestMetaRoundTrip(t *testing.T) {
	at := time.Now().Round(0)
	for _, m := range []Meta{
		{ID: New(), Age: -1},
		{ID: New(), Deadline: at, Age: -1},
		{ID: New(), Join: true, Age: 90 * time.Second},
		{ID: New(), Join: true, Age: 0},
		{ID: New(), Join: true, Age: -1},
	} {
		meta := map[string]any{"progressToken": "p"}
		m.Put(meta)
		data, err := json.Marshal(meta)
		if err != nil {
			t.Fatal(err)
		}
		meta = nil
		if err := json.Unmarshal(data, &meta); err != nil {
			t.Fatal(err)
		}
		got, ok, err := FromMeta(meta)
		if err != nil || !ok || !got.Deadline.Equal(m.Deadline) {
			t.Fatalf("%s: %+v, %v, %v", data, got, ok, err)
		}
		got.Deadline = m.Deadline
		if got != m {
			t.Errorf("%+v has become %+v", m, got)
		}
	}
	if _, ok, err := FromMeta(map[string]any{"progressToken": 1}); ok || err != nil {
		t.Errorf("without an id: %v, %v", ok, err)
	}
	for _, meta := range []map[string]any{
		{KeyID: "short"},
		{KeyID: 7},
		{KeyID: string(New()), KeyDeadline: "tomorrow"},
		{KeyID: string(New()), KeyDeadline: 12},
	} {
		if _, _, err := FromMeta(meta); errors.Of(err) != errors.Invalid {
			t.Errorf("%v: %v", meta, err)
		}
	}
}
