package durable

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/session/journal"
)

func drawLife(t *rapid.T, least uint64) life {
	return life{rapid.Uint64Range(least, math.MaxUint64).Draw(t, "generation"), rapid.Uint64().Draw(t, "nonce")}
}

func drawCursor(t *rapid.T) journal.Cursor {
	return journal.Cursor{Next: rapid.Uint64().Draw(t, "next"), Digest: rapid.Uint64().Draw(t, "digest")}
}

// What is written is read again; cut or lengthened by a byte it is refused.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := hello{self: drawLife(t, 1), peer: drawLife(t, 0)}
		copy(h.relation[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "relation"))
		whole(t, h.append(nil), h, parseHello)

		f := from{at: drawCursor(t)}
		f.end = rapid.Uint64Range(f.at.Next, math.MaxUint64).Draw(t, "end")
		whole(t, f.append(nil), f, parseFrom)

		c := drawCursor(t)
		whole(t, appendCommitted(nil, c), c, parseCommitted)

		e := &RefusedError{Reason: Reason(rapid.IntRange(1, 255).Draw(t, "reason")), Detail: rapid.String().Draw(t, "detail")}
		got := parseRefusal("x", appendRefusal(nil, e)[1:])
		if !got.ByPeer || got.Stream != "x" || got.Reason != e.Reason || got.Detail != e.Detail[:min(len(e.Detail), maxDetail)] {
			t.Fatalf("%+v became %+v", e, got)
		}

		names := rapid.SliceOfNDistinct(rapid.StringN(1, -1, MaxName), 0, maxStreams, rapid.ID[string]).Draw(t, "names")
		var marks []mark
		for _, name := range names {
			marks = append(marks, mark{name, rapid.Uint64().Draw(t, "cursor")})
		}
		read, err := parseMarks(appendMarks(nil, typeEnd, marks)[1:])
		if err != nil || len(read) != len(marks) {
			t.Fatalf("%v became %v, %v", marks, read, err)
		}
		for _, m := range marks {
			if read[m.name] != m.next {
				t.Fatalf("%v became %v", m, read[m.name])
			}
		}
	})
}

func whole[T comparable](t *rapid.T, msg []byte, v T, parse func([]byte) (T, error)) {
	body := msg[1:]
	if got, err := parse(body); err != nil || got != v {
		t.Fatalf("%+v became %+v, %v", v, got, err)
	}
	for _, bad := range [][]byte{body[:len(body)-1], append(bytes.Clone(body), 0)} {
		_, err := parse(bad)
		if _, ok := errors.AsType[*RefusedError](err); !ok {
			t.Fatalf("%x: %v", bad, err)
		}
	}
}

// Marks that nobody writes are refused: a name that is empty, doubled or too long, too many.
func TestMarksAreChecked(t *testing.T) {
	many := make([]mark, maxStreams+1)
	for i := range many {
		many[i] = mark{string(rune('a' + i)), 1}
	}
	for name, marks := range map[string][]mark{
		"empty":    {{"", 1}},
		"doubled":  {{"a", 1}, {"a", 2}},
		"too long": {{string(make([]byte, MaxName+1)), 1}},
		"too many": many,
	} {
		if got, err := parseMarks(appendMarks(nil, typeEnd, marks)[1:]); err == nil {
			t.Errorf("%s: %d marks", name, len(got))
		}
	}
}

// FuzzLane hands whatever to everything that reads from lanes: it is refused, or it is what
// this side would have written.
func FuzzLane(f *testing.F) {
	f.Add(hello{relation: [16]byte{1}, self: life{1, 2}, peer: life{3, 4}}.append(nil))
	f.Add(from{journal.Cursor{Next: 3, Digest: 4}, 5}.append(nil))
	f.Add([]byte{byte(typeData), 'm'})
	f.Add(appendCommitted(nil, journal.Cursor{Next: 1 << 40, Digest: 9}))
	f.Add(appendRefusal(nil, &RefusedError{Reason: ReasonDigest, Detail: "why"}))
	f.Add(appendMarks(nil, typeEnd, []mark{{"a", 1}, {"b", 1 << 63}}))
	f.Fuzz(func(t *testing.T, msg []byte) {
		if len(msg) == 0 {
			return
		}
		body := msg[1:]
		var again []byte
		switch messageType(msg[0]) {
		case typeHello:
			if h, err := parseHello(body); err == nil {
				again = h.append(nil)
				p := party{self: life{1, 2}, peer: life{3, 4}}
				if after, err := p.judge(h); err == nil && after.peer.generation < 3 {
					t.Fatalf("generation %d was admitted after 3", after.peer.generation)
				}
			}
		case typeFrom:
			if f, err := parseFrom(body); err == nil {
				again = f.append(nil)
				r, a := receiver{next: journal.Cursor{Next: 3, Digest: 4}}, arrival{}
				if err := r.begin(&a, f); err == nil && (f.at.Next > 3 || f.end < 3) {
					t.Fatalf("%+v begins a lane", f)
				}
				if fresh, err := r.take(&a, []byte("m")); err == nil && fresh && r.next.Next != 4 {
					t.Fatalf("%v comes after 3", r.next)
				}
			}
		case typeCommitted:
			if c, err := parseCommitted(body); err == nil {
				again = appendCommitted(nil, c)
				end := journal.Cursor{Next: 5}
				if news, err := judgeCommitted(c, journal.Cursor{Next: 2}, end, 0, false); err == nil && (c.Next > 5 || news != (c.Next > 2)) {
					t.Fatalf("%v: news %t", c, news)
				}
			}
		case typeRefuse:
			if e := parseRefusal("x", body); e.Reason == 0 || len(e.Detail) > maxDetail {
				t.Fatalf("%+v", e)
			}
		case typeEnd, typeEndAck:
			if marks, err := parseMarks(body); err == nil && len(marks) > maxStreams {
				t.Fatalf("%d marks", len(marks))
			}
		}
		if again != nil && !bytes.Equal(again, msg) {
			t.Fatalf("%x became %x", msg, again)
		}
	})
}
