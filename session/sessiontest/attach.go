package sessiontest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/standardbeagle/brum/session"
)

// Kinds of attach requests (protocol.md §4.1).
const (
	KindCreate = 1
	KindResume = 2
)

// Status is that of an attach reply (protocol.md §4.5).
type Status uint8

// The statuses of version 1, in their order there.
const (
	Accepted Status = iota
	BadProof
	NoVersion
	Stale
	NoSession
	SessionClosed
	OtherIncarnation
	BadPosition
	BadDigest
	NoRoom
	SessionExists
	ShuttingDown
	SessionEnded
)

func (s Status) String() string {
	names := [...]string{"accepted", "proof does not verify", "no common version", "stale attempt", "no such session",
		"session was closed", "another incarnation", "cursors can't be joined", "digests differ", "no room",
		"session exists", "shutting down", "session was ended"}
	if int(s) < len(names) {
		return fmt.Sprintf("%d (%s)", uint8(s), names[s])
	}
	return fmt.Sprint(uint8(s))
}

// Position is what an attach message says of both directions.
type Position struct {
	Next   uint64 // the next sequence number expected
	Digest uint64 // of all frames received below it
	Oldest uint64 // the oldest sequence number retained
	Sent   uint64 // the next sequence number to be sent
}

// Request is an attach request, field by field as in protocol.md §4.1.
type Request struct {
	Format, Kind           uint8
	MinVersion, MaxVersion uint8
	Features               uint64
	Session, Owner         session.ID
	Dialer, Acceptor       uint64 // incarnations
	Attempt                uint64
	Position
	MaxMessage, Credit uint32
	Nonce              [16]byte
}

// Reply is an attach reply, field by field as in protocol.md §4.2.
type Reply struct {
	Format   uint8
	Status   Status
	Version  uint8
	Features uint64
	Session  session.ID
	Acceptor uint64
	Attempt  uint64
	Position
	MaxMessage, Credit uint32
	RetryAfter         uint32 // milliseconds
	Nonce              [16]byte
}

const (
	requestSize = 156
	replySize   = 135
	proofSize   = 32
)

func fixed(fields ...any) []byte {
	var b bytes.Buffer
	for _, f := range fields {
		_ = binary.Write(&b, binary.BigEndian, f) // integers and arrays into memory: can't fail
	}
	return b.Bytes()
}

// Encode returns the request's bytes, proven with key.
func (q *Request) Encode(key []byte) []byte {
	p := fixed(*q)
	return append(p, mac(key, "brum attach request", p)...)
}

// Encode returns the bytes of the reply to request, proven with key.
func (r *Reply) Encode(key, request []byte) []byte {
	p := fixed(*r)
	return append(p, mac(key, "brum attach reply", request, p)...)
}

// Secret is what proves the resumes of a session that was created with key (§4.3).
func Secret(key []byte, id session.ID, acceptor uint64) []byte {
	return mac(key, "brum session secret", id[:], binary.BigEndian.AppendUint64(nil, acceptor))
}

func mac(key []byte, purpose string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(append([]byte(purpose), 0))
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// ParseRequest is the inverse of Request.Encode. It does not look at the proof.
func ParseRequest(p []byte) (*Request, error) {
	q := new(Request)
	return q, parseFixed(p, requestSize, "§4.1: a request", q)
}

// ParseReply is the inverse of Reply.Encode. It does not look at the proof.
func ParseReply(p []byte) (*Reply, error) {
	r := new(Reply)
	return r, parseFixed(p, replySize, "§4.2: a reply", r)
}

func parseFixed(p []byte, size int, what string, into any) error {
	if len(p) != size {
		return fmt.Errorf("%s of %d bytes instead of %d", what, len(p), size)
	}
	if _, err := binary.Decode(p, binary.BigEndian, into); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if p[0] != 1 {
		return fmt.Errorf("%s of format %d", what, p[0])
	}
	return nil
}

func provenRequest(p, key []byte) bool {
	n := len(p) - proofSize
	return n > 0 && bytes.Equal(p[n:], mac(key, "brum attach request", p[:n]))
}

func provenReply(p, request, key []byte) bool {
	n := len(p) - proofSize
	return n > 0 && bytes.Equal(p[n:], mac(key, "brum attach reply", request, p[:n]))
}
