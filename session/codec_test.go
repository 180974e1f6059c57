package session

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// §3.2: a sequenced frame is read as it was written, whatever follows it.
func TestSequencedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := frameType(rapid.ByteMax(byte(controlBase)-1).Draw(t, "type"))
		stream := rapid.Uint64().Draw(t, "stream")
		body := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body")
		rest := rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "rest")
		p := append(appendSequencedHead(nil, typ, stream, len(body)), body...)
		if len(p) != sequencedLen(stream, len(body)) {
			t.Fatalf("%d bytes, announced %d", len(p), sequencedLen(stream, len(body)))
		}
		f, err := parseSequenced(append(bytes.Clone(p), rest...))
		if err != nil || f.typ != typ || f.stream != stream || !bytes.Equal(f.body, body) || f.size != len(p) {
			t.Fatalf("%+v, %v", f, err)
		}
		for n := range p {
			if _, err := parseSequenced(p[:n]); err == nil {
				t.Fatalf("%d of %d bytes are a frame", n, len(p))
			}
		}
	})
}

// §3.3: a control frame is read as it was written, and a part of one is none.
func TestControlRoundTrip(t *testing.T) {
	types := make([]frameType, 0, len(controlFields))
	for typ := range frameTypeEnd {
		if _, ok := controlFields[typ]; ok {
			types = append(types, typ)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		want := controlFrame{typ: rapid.SampledFrom(types).Draw(t, "type")}
		fields := rapid.SliceOfN(rapid.Uint64(), controlFields[want.typ], controlFields[want.typ]).Draw(t, "fields")
		copy(want.fields[:], fields)
		var p []byte
		switch {
		case want.typ == framePing || want.typ == framePong:
			want.fields[0] = rapid.Uint64().Draw(t, "nonce")
			p = appendNonce(nil, want.typ, want.fields[0])
		case want.typ == frameAck && rapid.Bool().Draw(t, "digest?"):
			want.digest, want.hasDigest = rapid.Uint64().Draw(t, "digest"), true
			p = appendAckDigest(nil, want.fields[0], want.digest)
		case want.typ == frameEnd || want.typ == frameAbort:
			want.text = string(rapid.SliceOfN(rapid.Byte(), 0, maxReason).Draw(t, "text"))
			p = appendReason(nil, want.typ, want.text, fields...)
		default:
			p = appendControl(nil, want.typ, fields...)
		}
		want.size = len(p)
		if got, err := parseControl(p); err != nil || got != want {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		for n := 1; n < len(p); n++ {
			if f, err := parseControl(p[:n]); err == nil {
				t.Fatalf("%d of %d bytes are %+v", n, len(p), f)
			}
		}
	})
}

func drawPosition(t *rapid.T) position {
	u := rapid.Uint64()
	return position{u.Draw(t, "next"), u.Draw(t, "digest"), u.Draw(t, "oldest"), u.Draw(t, "sent")}
}

func draw16(t *rapid.T, name string) [16]byte {
	return [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name))
}

// flipped changes one bit of p.
func flipped(t *rapid.T, p []byte) []byte {
	q := bytes.Clone(p)
	q[rapid.IntRange(0, len(p)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	return q
}

// §4.1, §4.3: a request is read as it was written, and one changed bit voids its proof.
func TestRequestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Uint64()
		want := &attachRequest{
			kind:       attachKind(rapid.Uint8Range(1, 2).Draw(t, "kind")),
			minVersion: rapid.Uint8().Draw(t, "lowest"), maxVersion: rapid.Uint8().Draw(t, "highest"),
			features: features(u.Draw(t, "features")), session: draw16(t, "session"), owner: draw16(t, "owner"),
			dialer: incarnation(u.Draw(t, "dialer")), acceptor: incarnation(u.Draw(t, "acceptor")),
			attempt: u.Draw(t, "attempt"), pos: drawPosition(t),
			maxMessage: rapid.Uint32().Draw(t, "largest"), credit: rapid.Uint32().Draw(t, "credit"), nonce: draw16(t, "nonce"),
		}
		raw := want.encode(testKey)
		if got, err := parseRequest(raw); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		if !verifyRequest(testKey, raw) || verifyRequest(testKey, flipped(t, raw)) {
			t.Fatal("the proof does not tell the request from another")
		}
	})
}

// §4.2, §4.3: a reply is read as it was written, and one changed bit of it or of the request
// that it answers voids its proof.
func TestReplyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Uint64()
		want := &attachReply{
			status: refusal(rapid.Uint8().Draw(t, "status")), version: rapid.Uint8().Draw(t, "version"),
			features: features(u.Draw(t, "features")), session: draw16(t, "session"),
			acceptor: incarnation(u.Draw(t, "acceptor")), mark: u.Draw(t, "mark"), pos: drawPosition(t),
			maxMessage: rapid.Uint32().Draw(t, "largest"), credit: rapid.Uint32().Draw(t, "credit"),
			retryAfter: time.Duration(rapid.Uint32().Draw(t, "after")) * time.Millisecond, nonce: draw16(t, "nonce"),
		}
		request := rapid.SliceOfN(rapid.Byte(), requestLen, requestLen).Draw(t, "request")
		raw := want.encode(testKey, request)
		if got, err := parseReply(raw); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		if !verifyReply(testKey, request, raw) || verifyReply(testKey, request, flipped(t, raw)) ||
			verifyReply(testKey, flipped(t, request), raw) {
			t.Fatal("the proof does not tell the reply from another")
		}
	})
}
