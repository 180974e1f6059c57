package journal

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// A segment is one file: a header of 64 bytes and batches, the first of which begins with a
// checkpoint. A segment gets its name when its first batch is durable, so whatever has a
// segment's name is complete up to there.
const (
	segmentMagic  = "brumjrnl"
	formatVersion = 1
	headerSize    = 64
	segmentSuffix = ".log"
	tempSuffix    = ".new"
)

type segmentHeader struct {
	salt       [16]byte
	number     uint64
	generation uint64
	first      uint64 // the number of the first batch
}

// magic 8 · version 2 · zero 6 · salt 16 · number 8 · generation 8 · first batch 8 · checksum 8
func (h *segmentHeader) append(b []byte) []byte {
	start := len(b)
	b = append(b, segmentMagic...)
	b = binary.BigEndian.AppendUint16(b, formatVersion)
	b = append(b, make([]byte, 6)...)
	b = append(b, h.salt[:]...)
	b = binary.BigEndian.AppendUint64(b, h.number)
	b = binary.BigEndian.AppendUint64(b, h.generation)
	b = binary.BigEndian.AppendUint64(b, h.first)
	return binary.BigEndian.AppendUint64(b, xxhash.Sum64(b[start:]))
}

// parseHeader says which version the file has when it is another than ours.
func parseHeader(b []byte) (h segmentHeader, version uint16, err error) {
	p := newParser(b)
	if magic := p.fixed(8); string(magic) != segmentMagic {
		return h, 0, fmt.Errorf("not a journal: %w magic", errMalformed)
	}
	if v := p.fixed(2); v != nil {
		version = binary.BigEndian.Uint16(v)
	}
	if version != formatVersion && p.err == nil {
		return h, version, fmt.Errorf("%w version", errMalformed)
	}
	zero := p.fixed(6)
	copy(h.salt[:], p.fixed(16))
	h.number, h.generation, h.first = p.u64(), p.u64(), p.u64()
	sum := p.u64()
	if err := p.end(); err != nil {
		return h, version, err
	}
	if string(zero) != string(make([]byte, 6)) || sum != xxhash.Sum64(b[:headerSize-8]) {
		return h, version, fmt.Errorf("%w: checksum of the header", errMalformed)
	}
	return h, version, nil
}

func (h *segmentHeader) mark() uint32 { return binary.BigEndian.Uint32(h.salt[8:]) }

func segmentName(number uint64) string { return fmt.Sprintf("%016x%s", number, segmentSuffix) }

func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil && n > 0 && segmentName(n) == name
}

// segment is a file that holds, or may hold, records which are needed. Guarded by the
// journal's mutex once that is open.
type segment struct {
	number uint64
	end    int64 // all before it is durable; what follows counts for nothing once the segment is sealed
	live   int   // records that are needed
	pins   int   // readers; it must not be removed
	bad    bool  // a record can't be read: it is left alone
}

func (s *segment) path(dir string) string { return filepath.Join(dir, segmentName(s.number)) }
