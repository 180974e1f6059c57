package wsconn

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
)

func acceptKey(key string) string {
	h := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(h[:])
}

// parseFrame reads one unfragmented frame in the plainest way (RFC 6455 §5.2).
func parseFrame(p []byte) (op opcode, payload []byte, masked bool, err error) {
	if len(p) < 2 || p[0]&0xf0 != finBit {
		return 0, nil, false, errors.New("not a whole frame")
	}
	op = opcode(p[0] & 0xf)
	masked = p[1]&maskBit != 0
	size := uint64(p[1] &^ maskBit)
	p = p[2:]
	switch size {
	case 126:
		size, p = uint64(binary.BigEndian.Uint16(p)), p[2:]
	case 127:
		size, p = binary.BigEndian.Uint64(p), p[8:]
	}
	var key [4]byte
	if masked {
		copy(key[:], p)
		p = p[4:]
	}
	if uint64(len(p)) != size {
		return 0, nil, false, fmt.Errorf("%d bytes of payload, %d announced", len(p), size)
	}
	payload = make([]byte, len(p))
	for i := range p {
		payload[i] = p[i] ^ key[i%4]
	}
	return op, payload, masked, nil
}

func testBytes(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8)
	}
	return p
}

func TestFramesOfEverySizeAndSplit(t *testing.T) {
	sizes := []int{0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 1019, 1020, 1021, 1023, 1024, 1025, 1028, 4096, 65535, 65536}
	e := encoders.New().(*encoder)
	for _, size := range sizes {
		for _, cut := range []int{0, 1, 2, 3, 4, 17, 1022, 1025, size} {
			if cut > size {
				continue
			}
			want := testBytes(size)
			for _, mask := range []bool{false, true} {
				if mask {
					e.masked(opBinary, want[:cut], want[cut:])
				} else {
					e.plain(opBinary, want[:cut], want[cut:])
				}
				op, got, masked, err := parseFrame(e.buf)
				if err != nil || op != opBinary || masked != mask || !bytes.Equal(got, want) {
					t.Fatalf("size %d cut at %d masked %v: op %d masked %v equal %v: %v",
						size, cut, mask, op, masked, bytes.Equal(got, want), err)
				}
			}
		}
	}
}

func TestMaskingKeysDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for range 2 {
		e := encoders.New().(*encoder)
		for range 500 {
			e.masked(opBinary, nil, []byte("x"))
			seen[string(e.buf[2:6])] = true
		}
	}
	if len(seen) < 999 { // two of 1000 random keys may be the same, once in 8600 runs
		t.Errorf("%d different keys in 1000 frames", len(seen))
	}
}
