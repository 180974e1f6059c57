package journal

import (
	"encoding/binary"
	"fmt"
	"io"
)

// decoder reads the batches of a segment from any source. It reads nothing beyond size and
// allocates no more than what is there.
type decoder struct {
	source io.ReaderAt
	size   int64
	header segmentHeader
	offset int64  // of the next batch
	next   uint64 // its number
	buf    []byte // of the batch read last
}

// newDecoder reads the header. version is the file's when that is what is wrong with it.
func newDecoder(source io.ReaderAt, size int64) (d *decoder, version uint16, err error) {
	var b [headerSize]byte
	n := min(size, headerSize)
	if err := readFull(source, b[:n], 0); err != nil {
		return nil, formatVersion, err
	}
	h, version, err := parseHeader(b[:n])
	if err != nil {
		return nil, version, err
	}
	return &decoder{source: source, size: size, header: h, offset: headerSize, next: h.first}, version, nil
}

// batch is one that was read; body is valid until the next.
type batch struct {
	number uint64
	offset int64 // of the batch in its segment
	body   []byte
}

// bodyAt is where a body's byte is in the segment.
func (b *batch) bodyAt(i int) int64 { return b.offset + batchHeader + int64(i) }

// read returns the next batch, io.EOF at the end, or what is wrong at d.offset. An error of
// the source is a *readError: it says nothing about the data.
func (d *decoder) read() (batch, error) {
	if d.offset == d.size {
		return batch{}, io.EOF
	}
	n, number, err := d.head(d.offset)
	switch {
	case err != nil:
		return batch{}, err
	case number != d.next:
		return batch{}, fmt.Errorf("%w: batch %d in place of %d", errMalformed, number, d.next)
	}
	if err := d.check(d.offset, n); err != nil {
		return batch{}, err
	}
	b := batch{number, d.offset, d.buf[batchHeader:]}
	d.offset += padded(n)
	d.next++
	return b, nil
}

// head reads the header of the batch at offset: the batch's length without padding, and its number.
func (d *decoder) head(offset int64) (n int64, number uint64, err error) {
	var h [batchHeader]byte
	if d.size-offset < batchHeader {
		return 0, 0, fmt.Errorf("%w: %d bytes are no batch", errMalformed, d.size-offset)
	}
	if err := readFull(d.source, h[:], offset); err != nil {
		return 0, 0, err
	}
	n = batchHeader + int64(binary.BigEndian.Uint32(h[4:]))
	if binary.BigEndian.Uint32(h[:]) != d.header.mark() || n > batchHeader+maxBody || padded(n) > d.size-offset {
		return 0, 0, fmt.Errorf("%w: no batch", errMalformed)
	}
	return n, binary.BigEndian.Uint64(h[8:]), nil
}

// check reads the batch of n bytes at offset into d.buf and verifies its checksum and padding.
func (d *decoder) check(offset, n int64) error {
	full := padded(n)
	if int64(cap(d.buf)) < full {
		d.buf = make([]byte, full)
	}
	d.buf = d.buf[:full]
	if err := readFull(d.source, d.buf, offset); err != nil {
		return err
	}
	for _, b := range d.buf[n:] {
		if b != 0 {
			return fmt.Errorf("%w: padding", errMalformed)
		}
	}
	d.buf = d.buf[:n]
	if binary.BigEndian.Uint64(d.buf[16:]) != batchSum(d.buf, &d.header, offset) {
		return fmt.Errorf("%w: checksum", errMalformed)
	}
	return nil
}

// followed reports whether a valid batch comes after the unreadable one at d.offset. That one
// was durable then, and its loss is damage and not a torn tail.
func (d *decoder) followed() (bool, error) {
	const chunk = 64 << 10
	buf := make([]byte, chunk)
	for offset := d.offset + batchAlign; offset+batchHeader <= d.size; offset += chunk {
		part := buf[:min(chunk, d.size-offset)]
		if err := readFull(d.source, part, offset); err != nil {
			return false, err
		}
		for i := 0; i+4 <= len(part); i += batchAlign {
			if binary.BigEndian.Uint32(part[i:]) != d.header.mark() {
				continue
			}
			if found, err := d.later(offset + int64(i)); found || err != nil {
				return found, err
			}
		}
	}
	return false, nil
}

// later reports whether a batch with a higher number than the expected one is at offset.
func (d *decoder) later(offset int64) (bool, error) {
	n, number, err := d.head(offset)
	if err == nil && number > d.next {
		err = d.check(offset, n)
		if err == nil {
			return true, nil
		}
	}
	if isReadError(err) {
		return false, err
	}
	return false, nil
}
