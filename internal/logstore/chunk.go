package logstore

import (
	"time"
	"unsafe"
)

// chunk holds consecutive lines of one run. Its capacity is fixed when it is
// made, so that its cost is known exactly and the collector sees two
// pointer-free slices instead of one object a line.
type chunk struct {
	first uint64 // Seq of recs[0]
	data  []byte
	recs  []record
}

type record struct {
	global    uint64
	nanos     int64
	end       uint32 // of the text in data; it starts where the one before ends
	stream    Stream
	level     Level
	continued bool
}

const (
	recordSize = int(unsafe.Sizeof(record{}))
	chunkSize  = int(unsafe.Sizeof(chunk{}))
	minChunk   = 1 << 10 // bytes of text
	perRecord  = 64      // bytes of text a record is provided for
)

func newChunk(first uint64, textBytes, records int) *chunk {
	return &chunk{
		first: first,
		data:  make([]byte, 0, textBytes),
		recs:  make([]record, 0, records),
	}
}

// cost is the memory the chunk takes, filled or not.
func (c *chunk) cost() int64 {
	return int64(cap(c.data) + cap(c.recs)*recordSize + chunkSize)
}

func (c *chunk) fits(n int) bool {
	return len(c.recs) < cap(c.recs) && len(c.data)+n <= cap(c.data)
}

func (c *chunk) add(r record, text []byte) {
	c.data = append(c.data, text...)
	r.end = uint32(len(c.data))
	c.recs = append(c.recs, r)
}

func (c *chunk) last() uint64 { return c.first + uint64(len(c.recs)) - 1 }

// line copies out recs[i]; the caller fills in the names.
func (c *chunk) line(i int) Line {
	var start uint32
	if i > 0 {
		start = c.recs[i-1].end
	}
	r := &c.recs[i]
	return Line{
		Seq:       c.first + uint64(i),
		Time:      time.Unix(0, r.nanos),
		Stream:    r.stream,
		Level:     r.level,
		Continued: r.continued,
		Text:      string(c.data[start:r.end]),
		global:    r.global,
	}
}
