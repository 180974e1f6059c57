package wsconn

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

func TestAttachHeaderLimits(t *testing.T) {
	line, err := encodeAttach(attachHeader, testBytes(MaxAttach))
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeAttach(http.Header{attachHeader: {line}}, attachHeader)
	if err != nil || !bytes.Equal(got, testBytes(MaxAttach)) {
		t.Errorf("the largest request came back as %d bytes, %v", len(got), err)
	}
	if _, err := encodeAttach(attachHeader, testBytes(MaxAttach+1)); err == nil {
		t.Error("a request above the limit was encoded")
	}
	for _, lines := range [][]string{nil, {"a", "a"}, {strings.Repeat("A", maxAttachHeader+4)}, {"===="}, {"A"}, {"AB"}, {"AA=="}, {"A A"}, {"+/8"}} {
		if p, err := decodeAttach(http.Header{attachHeader: lines}, attachHeader); err == nil {
			t.Errorf("%.20q was decoded as %x", lines, p)
		}
	}
}

// FuzzAttachHeader: whatever a header line holds, it decodes to something that encodes to
// the same line, or not at all.
func FuzzAttachHeader(f *testing.F) {
	for _, seed := range []string{"", "AA", "AAA", "AAAA", "_-8", "AB", "A", "AA==", "\r\nA", "éA", strings.Repeat("A", maxAttachHeader), strings.Repeat("A", maxAttachHeader+1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p, err := decodeAttach(http.Header{attachHeader: {line}}, attachHeader)
		if err != nil {
			return
		}
		again, err := encodeAttach(attachHeader, p)
		stripped := strings.NewReplacer("\r", "", "\n", "").Replace(line)
		if err != nil || again != stripped {
			t.Errorf("%q decoded to %x, which encodes to %q, %v", line, p, again, err)
		}
	})
}
