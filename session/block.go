package session

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// Blocks come in two sizes, so that a session that says little holds little.
const (
	smallBlock = 2 << 10
	largeBlock = maxPacket
)

// A block holds encoded sequenced frames, never a part of one. Its buffer has a fixed
// capacity: appending never moves what is already there, so a writer may be sending the
// front while a sender appends at the back.
type block struct {
	buf   []byte
	first uint64 // sequence number of the first frame
	count uint64 // frames

	// before is the digest of all frames before this block (send log only).
	before xxhash.Digest
	// pins counts the writes that are using buf: they may outlive the acknowledgement. A block
	// that is put back meanwhile goes to the pool with the last of them.
	pins     int
	unwanted bool
	// read is how far an inbox has consumed buf.
	read int
}

func (b *block) room() int    { return cap(b.buf) - len(b.buf) }
func (b *block) next() uint64 { return b.first + b.count }

var blockPools = [2]sync.Pool{
	{New: func() any { return &block{buf: make([]byte, 0, smallBlock)} }},
	{New: func() any { return &block{buf: make([]byte, 0, largeBlock)} }},
}

// blockSize is the size of block that n bytes need; n is at most largeBlock.
func blockSize(n int) int {
	if n <= smallBlock {
		return smallBlock
	}
	return largeBlock
}

// getBlock returns an empty block of the given size.
func getBlock(size int) *block {
	if size == smallBlock {
		return blockPools[0].Get().(*block)
	}
	return blockPools[1].Get().(*block)
}

func putBlock(b *block) {
	if b.pins > 0 {
		b.unwanted = true
		return
	}
	b.buf, b.first, b.count, b.read, b.unwanted = b.buf[:0], 0, 0, 0, false
	if cap(b.buf) == smallBlock {
		blockPools[0].Put(b)
	} else {
		blockPools[1].Put(b)
	}
}
