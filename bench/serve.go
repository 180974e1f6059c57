package main

import (
	"encoding/binary"
	"fmt"
)

// What a client asks of the server's end of a connection, in a message of commandSize bytes:
// what, and a number.
const (
	opSink  byte = 1 // take count messages, then send one with the number of bytes they had
	opEcho  byte = 2 // send each of the next count messages back
	opMixed byte = 3 // send the small ones of the next count messages back, take the rest
	opBoth  byte = 4 // join the exchange of that number; see exchange.go
)

const (
	commandSize = 9
	smallest    = 1 << 10 // what opMixed calls small, and below
)

func command(op byte, number int) []byte {
	return binary.BigEndian.AppendUint64([]byte{op}, uint64(number))
}

// service is the server's end of a connection.
type service struct {
	to       sender
	op       byte
	left     int // messages of op to come
	total    int // bytes of opSink so far
	exchange *exchange
}

func newService(to sender) receiver {
	s := &service{to: to}
	return s.take
}

func (s *service) take(msg []byte) error {
	if s.exchange != nil {
		return s.exchange.took(msg)
	}
	if s.left == 0 {
		return s.begin(msg)
	}
	s.left--
	switch s.op {
	case opSink:
		if s.total += len(msg); s.left == 0 {
			return s.to.send(binary.BigEndian.AppendUint64(nil, uint64(s.total)))
		}
	case opEcho:
		return s.to.send(msg)
	case opMixed:
		if len(msg) <= smallest {
			return s.to.send(msg)
		}
	}
	return nil
}

func (s *service) begin(msg []byte) error {
	if len(msg) != commandSize {
		return fmt.Errorf("a command of %d bytes", len(msg))
	}
	s.op, s.left, s.total = msg[0], int(binary.BigEndian.Uint64(msg[1:])), 0
	switch s.op {
	case opSink, opEcho, opMixed:
		return nil
	case opBoth:
		s.exchange = exchanges.join(s.left, s.to)
		return nil
	default:
		return fmt.Errorf("unknown operation %d", s.op)
	}
}
