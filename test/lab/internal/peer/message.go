package main

import (
	"encoding/binary"
	"fmt"
)

// kind is what a message is.
type kind byte

const (
	call   kind = 'c' // wants an answer of its number
	answer kind = 'a'
	line   kind = 'l' // of the log, which the accepting side sends
	stop   kind = 's' // the accepting side shall end the log
)

// message encodes a number, padded to size bytes.
func message(k kind, n uint64, size int) []byte {
	b := make([]byte, max(9, size))
	b[0] = byte(k)
	binary.BigEndian.PutUint64(b[1:], n)
	return b
}

func parse(b []byte) (kind, uint64, error) {
	if len(b) < 9 {
		return 0, 0, fmt.Errorf("a message of %d bytes", len(b))
	}
	return kind(b[0]), binary.BigEndian.Uint64(b[1:]), nil
}
