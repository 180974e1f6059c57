package sessiontest

import (
	"bytes"
	"testing"
)

// FuzzParsePacket: a packet that the peer takes has exactly one encoding.
func FuzzParsePacket(f *testing.F) {
	f.Add(append(Seq(0).Encode(), Message(0, "hello").Encode()...))
	f.Add(append(append(Ack(7).Encode(), Seq(3).Encode()...), First(1, 9, "abc").Encode()...))
	f.Add(append(Ping(1).Encode(), AckDigest(1, 2).Encode()...))
	f.Add(End(1, 2, 0, "bye").Encode())
	f.Fuzz(func(t *testing.T, p []byte) {
		frames, err := parsePacket(p)
		if err != nil {
			return
		}
		var again []byte
		for _, f := range frames {
			again = append(again, f.Encode()...)
			_ = f.String()
		}
		if !bytes.Equal(again, p) {
			t.Errorf("%x became %x", p, again)
		}
	})
}

// FuzzAttachMessages: as FuzzParsePacket, for what attaches.
func FuzzAttachMessages(f *testing.F) {
	q := &Request{Format: 1, Kind: KindCreate}
	r := &Reply{Format: 1}
	f.Add(q.Encode(testKey))
	f.Add(r.Encode(testKey, nil))
	f.Fuzz(func(t *testing.T, p []byte) {
		body := len(p) - proofSize
		if q, err := ParseRequest(p); err == nil && !bytes.Equal(q.Encode(nil)[:body], p[:body]) {
			t.Errorf("%x became %x", p, q.Encode(nil))
		}
		if r, err := ParseReply(p); err == nil && !bytes.Equal(r.Encode(nil, nil)[:body], p[:body]) {
			t.Errorf("%x became %x", p, r.Encode(nil, nil))
		}
	})
}
