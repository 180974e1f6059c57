package session

import (
	"context"
	"io"
)

// Conn is one connection: an ordered, reliable carrier of packets of at most 36 KiB.
// Package wsconn implements it with WebSockets.
type Conn interface {
	// Next blocks until a packet begins to arrive and returns a reader of that packet.
	// One goroutine calls Next; it reads a packet to io.EOF before calling Next again.
	// An error is final.
	Next() (io.Reader, error)
	// WritePacket sends head and body, concatenated, as one packet. There is one call at a
	// time. It must neither retain nor change the slices. An error is final.
	WritePacket(head, body []byte) error
	// Close ends the connection at once, without a handshake, and unblocks Next and
	// WritePacket. It may be called concurrently with anything and more than once.
	Close() error
}

// DialFunc opens a connection and performs the attach exchange on it: request travels to
// the peer's Acceptor, and what its Attachment replies comes back. For a refusal that has
// a reply it returns (nil, reply, nil). It must return soon after ctx is done.
//
// errors.IsTemporary and errors.RetryAfter (of this module) decide what an error means. A
// permanent one ends a session that has never been attached; later it only slows the
// attempts down, since whoever answers at the address now need not be the peer.
type DialFunc func(ctx context.Context, request []byte) (Conn, []byte, error)
