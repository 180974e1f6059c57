package wsconn

import (
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/standardbeagle/brum/errors"
)

const (
	attachHeader = "Brum-Attach"
	replyHeader  = "Brum-Attach-Reply"

	// maxAttachHeader bounds an attach header in its encoded form, in either direction.
	maxAttachHeader = 4 << 10
	// maxHeader bounds all header lines of an attach request together, and of its answer.
	maxHeader = 8 << 10
)

// MaxAttach is the largest attach request or reply, in bytes.
const MaxAttach = maxAttachHeader / 4 * 3

var (
	errNoAttachHeader = errors.New("missing")
	errAttachRepeated = errors.New("given more than once")
)

func encodeAttach(name string, p []byte) (string, error) {
	if len(p) > MaxAttach {
		return "", fmt.Errorf("header %s: %d bytes, more than %d", name, len(p), MaxAttach)
	}
	return base64.RawURLEncoding.EncodeToString(p), nil
}

// decodeAttach returns the bytes of the only header line of that name.
func decodeAttach(h http.Header, name string) ([]byte, error) {
	lines := h[name]
	switch {
	case len(lines) == 0:
		return nil, fmt.Errorf("header %s: %w", name, errNoAttachHeader)
	case len(lines) > 1:
		return nil, fmt.Errorf("header %s: %w", name, errAttachRepeated)
	case len(lines[0]) > maxAttachHeader:
		return nil, fmt.Errorf("header %s: %d characters, more than %d", name, len(lines[0]), maxAttachHeader)
	}
	p, err := base64.RawURLEncoding.Strict().DecodeString(lines[0])
	if err != nil {
		return nil, fmt.Errorf("header %s: %w", name, err)
	}
	return p, nil
}

// headerSize is roughly what h takes on the wire, in bytes.
func headerSize(h http.Header) int {
	size := 0
	for name, lines := range h {
		for _, line := range lines {
			size += len(name) + len(": \r\n") + len(line)
		}
	}
	return size
}
