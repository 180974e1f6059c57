package journal

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// A batch is what one fsync makes durable:
//
//	mark (4) · length of the body (4) · number (8) · checksum (8) · body · zeros up to a multiple of 8
//
// The next batch of a segment is written only after the fsync of the one before. Hence a
// batch that can't be read was never acknowledged, unless a readable one follows it.
//
// The mark is random for each segment, and the checksum depends on the segment's salt and
// the batch's place, so that nothing inside a payload is ever taken for a batch.
const (
	batchHeader = 4 + 4 + 8 + 8
	batchAlign  = 8
	// maxBody is the largest body: one record above maxStaged, and a checkpoint.
	maxBody = MaxPayload + maxStaged + maxCheckpoint
)

// sealBatch fills in the header of b, which begins with room for it, and pads b. The batch
// will be at offset in the segment.
func sealBatch(b []byte, h *segmentHeader, offset int64, number uint64) []byte {
	binary.BigEndian.PutUint32(b, h.mark())
	binary.BigEndian.PutUint32(b[4:], uint32(len(b)-batchHeader))
	binary.BigEndian.PutUint64(b[8:], number)
	binary.BigEndian.PutUint64(b[16:], batchSum(b, h, offset))
	for len(b)%batchAlign != 0 {
		b = append(b, 0)
	}
	return b
}

// batchSum covers the header but for the sum itself, the body, and where they belong.
func batchSum(b []byte, h *segmentHeader, offset int64) uint64 {
	var place [16]byte
	binary.BigEndian.PutUint64(place[:], h.number)
	binary.BigEndian.PutUint64(place[8:], uint64(offset))
	var d xxhash.Digest
	d.ResetWithSeed(binary.BigEndian.Uint64(h.salt[:]))
	d.Write(place[:])
	d.Write(b[:16])
	d.Write(b[batchHeader:])
	return d.Sum64()
}

func padded(n int64) int64 { return (n + batchAlign - 1) &^ (batchAlign - 1) }
