package main

import (
	"encoding/binary"
	"fmt"
)

// What a client asks of the server's end of a connection, in a message of one byte and a count.
const (
	opSink byte = 1 // take count messages, then send one with the number of bytes they had
	opEcho byte = 2 // send each of the next count messages back
)

func command(op byte, count int) []byte {
	return binary.BigEndian.AppendUint64([]byte{op}, uint64(count))
}

// handle serves a connection until it breaks.
func handle(c conn) {
	defer c.close()
	for {
		msg, err := c.receive()
		if err != nil || len(msg) != 9 {
			return
		}
		count := int(binary.BigEndian.Uint64(msg[1:]))
		switch msg[0] {
		case opSink:
			err = sink(c, count)
		case opEcho:
			err = echo(c, count)
		default:
			err = fmt.Errorf("unknown operation %d", msg[0])
		}
		if err != nil {
			return
		}
	}
}

func sink(c conn, count int) error {
	total := 0
	for range count {
		msg, err := c.receive()
		if err != nil {
			return err
		}
		total += len(msg)
	}
	return c.send(binary.BigEndian.AppendUint64(nil, uint64(total)))
}

func echo(c conn, count int) error {
	for range count {
		msg, err := c.receive()
		if err != nil {
			return err
		}
		if err := c.send(msg); err != nil {
			return err
		}
	}
	return nil
}
