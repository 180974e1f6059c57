package journal

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func anyRecord(t *rapid.T) record {
	r := record{kind: rapid.SampledFrom([]kind{kindCheckpoint, kindStream, kindDrop, kindSend, kindTrim,
		kindReceive, kindMade, kindAccepted, kindIdentity, kindEnd}).Draw(t, "kind")}
	switch r.kind {
	case kindMade, kindAccepted:
		r.fence = Fence{rapid.Uint64().Draw(t, "incarnation"), rapid.Uint64().Draw(t, "attempt")}
		return r
	case kindCheckpoint, kindIdentity, kindEnd:
	default:
		r.stream = rapid.Uint64().Draw(t, "stream")
	}
	switch r.kind {
	case kindSend, kindTrim, kindReceive:
		r.index, r.digest = rapid.Uint64().Draw(t, "index"), rapid.Uint64().Draw(t, "digest")
	}
	r.keep = r.kind == kindReceive && rapid.Bool().Draw(t, "keep")
	if r.kind != kindDrop && r.kind != kindTrim && !r.keep {
		r.data = rapid.SliceOfN(rapid.Byte(), 0, MaxName).Draw(t, "data")
	}
	return r
}

// What a segment is written with is what it is read as, wherever it ends.
func TestH5_segments_round_trip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := segmentHeader{salt: newSalt(), number: rapid.Uint64Min(1).Draw(t, "number"), first: uint64(rapid.Uint32().Draw(t, "first"))}
		all := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(anyRecord), 1, 5), 1, 5).Draw(t, "batches")
		segment, ends := h.append(nil), []int{headerSize}
		for i, batch := range all {
			b := make([]byte, batchHeader)
			for _, r := range batch {
				b = r.append(b)
			}
			segment = append(segment, sealBatch(b, &h, int64(len(segment)), h.first+uint64(i))...)
			ends = append(ends, len(segment))
		}
		cut := rapid.IntRange(headerSize, len(segment)).Draw(t, "cut")
		whole := 0
		for ends[whole] < cut {
			whole++
		}
		if ends[whole] > cut {
			whole--
		}
		got, err := readSegment(segment[:cut])
		if (err == nil) != (ends[whole] == cut) {
			t.Fatalf("cut at %d of %v: %v", cut, ends, err)
		}
		if diff := cmp.Diff(all[:whole], got, cmp.AllowUnexported(record{}), cmp.Comparer(bytes.Equal)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func readSegment(b []byte) (all [][]record, err error) {
	all = [][]record{}
	d, _, err := newDecoder(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return all, err
	}
	for {
		batch, err := d.read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		var rs []record
		if err := records(batch.body, func(r *record) error {
			c := *r
			c.at, c.data = 0, bytes.Clone(r.data)
			rs = append(rs, c)
			return nil
		}); err != nil {
			return all, err
		}
		all = append(all, rs)
	}
}

// FuzzRecords: a body that is accepted has exactly one encoding.
func FuzzRecords(f *testing.F) {
	s := newState()
	s.addStream(1, "a").receive = Cursor{3, 4}
	for _, r := range []record{
		{kind: kindCheckpoint, data: appendCheckpoint(nil, s, []sealed{{1, 64}})},
		{kind: kindSend, stream: 1, index: 300, digest: 7, data: []byte("payload")},
		{kind: kindReceive, stream: 1, index: 2, keep: true},
		{kind: kindTrim, stream: 1, index: 2},
		{kind: kindIdentity, data: (&Identity{Secret: []byte("s")}).append(nil)},
		{kind: kindEnd, data: (&Tombstone{Text: "x"}).append(nil)},
		{kind: kindAccepted, fence: Fence{1, 2}},
	} {
		f.Add(r.append(nil))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var again []byte
		if records(body, func(r *record) error { again = r.append(again); return nil }) == nil && !bytes.Equal(body, again) {
			t.Errorf("%x became %x", body, again)
		}
	})
}

// FuzzCheckpoint: as FuzzRecords, for what a segment begins with.
func FuzzCheckpoint(f *testing.F) {
	s := newState()
	s.addStream(1, "a").receive = Cursor{3, 4}
	s.end = &Tombstone{Code: 1, Text: "x"}
	s.identity.Secret = []byte("secret")
	f.Add(appendCheckpoint(nil, s, []sealed{{1, 64}, {2, 200}}))
	f.Add(appendCheckpoint(nil, newState(), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, older, err := parseCheckpoint(b)
		if err == nil && !bytes.Equal(b, appendCheckpoint(nil, s, older)) {
			t.Errorf("%x became %x", b, appendCheckpoint(nil, s, older))
		}
	})
}

// FuzzSegment: any file is read or refused; with the checksums made right, so that what they
// protect is reached too.
func FuzzSegment(f *testing.F) {
	h := segmentHeader{salt: newSalt(), number: 1, generation: 1, first: 1}
	s := newState()
	s.generation = 1
	cp := record{kind: kindCheckpoint, data: appendCheckpoint(nil, s, nil)}
	f.Add(cp.append(nil), (&record{kind: kindStream, stream: 1, data: []byte("a")}).append(nil))
	f.Add(cp.append(nil), appendSend(nil, 1, 0, Extend(0, nil), nil))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		file := h.append(nil)
		for i, body := range [][]byte{first, second} {
			file = append(file, sealBatch(append(make([]byte, batchHeader), body...), &h, int64(len(file)), 1+uint64(i))...)
		}
		p := newPowerFS(nil)
		p.names["j/"+segmentName(1)] = &inode{data: file}
		r, err := recoverDir("j", p)
		if err == nil && (len(r.segments) != 1 || r.state.generation != 1) {
			t.Errorf("%+v", r)
		}
		p.names["j/"+segmentName(1)].data = append(h.append(nil), second...) // and with no checksum right
		if _, err := recoverDir("j", p); err == nil {
			t.Error("accepted")
		}
	})
}
