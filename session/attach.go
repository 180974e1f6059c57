package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// ProtocolVersion is the version of the protocol that this package speaks.
const ProtocolVersion = 1

// The attach exchange (protocol.md §4): one request, one reply, each a fixed layout with a
// proof at its end. Nothing in either is secret.

const (
	protocolVersion = ProtocolVersion
	attachFormat    = 1

	requestLen = 1 + 1 + 2 + 8 + 16 + 16 + 3*8 + 4*8 + 4 + 4 + 16 + proofLen
	replyLen   = 1 + 1 + 1 + 8 + 16 + 2*8 + 4*8 + 4 + 4 + 4 + 16 + proofLen
	proofLen   = sha256.Size
)

// features are bits that both sides must set for a feature to be used.
type features uint64

const supportedFeatures features = 0

type attachKind uint8

const (
	attachCreate attachKind = 1
	attachResume attachKind = 2
)

// position is what one side knows of both directions: its cursor in what it receives, with
// the digest of everything below it, and the range it can send again.
type position struct {
	rxNext   uint64
	rxDigest uint64
	txOldest uint64
	txNext   uint64
}

// attachRequest is what the dialing side says.
type attachRequest struct {
	kind                   attachKind
	minVersion, maxVersion uint8
	features               features
	session                ID
	owner                  ID
	dialer                 incarnation
	acceptor               incarnation // 0 until known
	attempt                uint64
	pos                    position
	maxMessage             uint32
	credit                 uint32 // the window every stream starts with
	nonce                  [16]byte
}

// refusal is why an attach was not accepted; 0 is acceptance.
type refusal uint8

const (
	accepted            refusal = 0
	refusedProof        refusal = 1  // the proof does not verify
	refusedVersion      refusal = 2  // no common protocol version
	refusedStale        refusal = 3  // the attempt number is not above the highest seen, which mark tells
	refusedUnknown      refusal = 4  // no such session here
	refusedEnded        refusal = 5  // the session has ended; rxNext is final
	refusedIncarnation  refusal = 6  // the dialing process is not the one that holds the session
	refusedPosition     refusal = 7  // the cursors can't be joined
	refusedDigest       refusal = 8  // the two sides hold different streams
	refusedLimit        refusal = 9  // no room; retryAfter tells when to come back
	refusedExists       refusal = 10 // create of a session that is in use
	refusedShuttingDown refusal = 11
	refusedAborted      refusal = 12 // the session has ended, and not by a close; rxNext is final
)

func (r refusal) String() string {
	names := [...]string{"accepted", "proof does not verify", "no common protocol version", "stale attempt",
		"no such session", "session has ended", "another incarnation holds the session",
		"cursors can't be joined", "digests differ", "no room", "session exists", "shutting down", "session was ended"}
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("refusal %d", uint8(r))
}

// attachReply is what the accepting side answers.
type attachReply struct {
	status     refusal
	version    uint8
	features   features
	session    ID
	acceptor   incarnation
	mark       uint64 // the attempt accepted, or the highest seen
	pos        position
	maxMessage uint32
	credit     uint32
	retryAfter time.Duration // milliseconds on the wire
	nonce      [16]byte
}

func (p position) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, p.rxNext)
	b = binary.BigEndian.AppendUint64(b, p.rxDigest)
	b = binary.BigEndian.AppendUint64(b, p.txOldest)
	return binary.BigEndian.AppendUint64(b, p.txNext)
}

func (r *attachRequest) encode(key []byte) []byte {
	b := make([]byte, 0, requestLen)
	b = append(b, attachFormat, byte(r.kind), r.minVersion, r.maxVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(r.features))
	b = append(b, r.session[:]...)
	b = append(b, r.owner[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.dialer))
	b = binary.BigEndian.AppendUint64(b, uint64(r.acceptor))
	b = binary.BigEndian.AppendUint64(b, r.attempt)
	b = r.pos.append(b)
	b = binary.BigEndian.AppendUint32(b, r.maxMessage)
	b = binary.BigEndian.AppendUint32(b, r.credit)
	b = append(b, r.nonce[:]...)
	return append(b, proof(key, "brum attach request", b, nil)...)
}

func (r *attachReply) encode(key, request []byte) []byte {
	b := make([]byte, 0, replyLen)
	b = append(b, attachFormat, byte(r.status), r.version)
	b = binary.BigEndian.AppendUint64(b, uint64(r.features))
	b = append(b, r.session[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.acceptor))
	b = binary.BigEndian.AppendUint64(b, r.mark)
	b = r.pos.append(b)
	b = binary.BigEndian.AppendUint32(b, r.maxMessage)
	b = binary.BigEndian.AppendUint32(b, r.credit)
	b = binary.BigEndian.AppendUint32(b, uint32(r.retryAfter/time.Millisecond))
	b = append(b, r.nonce[:]...)
	return append(b, proof(key, "brum attach reply", request, b)...)
}

// proof binds a message to a key, its purpose and, for a reply, the request it answers.
func proof(key []byte, purpose string, first, second []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(purpose))
	m.Write([]byte{0})
	m.Write(first)
	m.Write(second)
	return m.Sum(nil)
}

// sessionSecret derives the secret that a session's resumes prove from the key that its
// creation proved.
func sessionSecret(key []byte, id ID, acceptor incarnation) []byte {
	return proof(key, "brum session secret", id[:], binary.BigEndian.AppendUint64(nil, uint64(acceptor)))
}

func verifyRequest(key, request []byte) bool {
	n := len(request) - proofLen
	return n > 0 && hmac.Equal(request[n:], proof(key, "brum attach request", request[:n], nil))
}

func verifyReply(key, request, reply []byte) bool {
	n := len(reply) - proofLen
	return n > 0 && hmac.Equal(reply[n:], proof(key, "brum attach reply", request, reply[:n]))
}

// reader takes fixed-size fields off a message whose length was checked.
type reader []byte

func (r *reader) bytes(n int) []byte { b := (*r)[:n]; *r = (*r)[n:]; return b }
func (r *reader) u8() uint8          { return r.bytes(1)[0] }
func (r *reader) u32() uint32        { return binary.BigEndian.Uint32(r.bytes(4)) }
func (r *reader) u64() uint64        { return binary.BigEndian.Uint64(r.bytes(8)) }
func (r *reader) position() position {
	return position{rxNext: r.u64(), rxDigest: r.u64(), txOldest: r.u64(), txNext: r.u64()}
}

// parseRequest decodes a request; it does not verify its proof.
func parseRequest(b []byte) (*attachRequest, error) {
	if len(b) != requestLen || b[0] != attachFormat {
		return nil, violation("4.1", "attach request of %d bytes", len(b))
	}
	r := reader(b[1:])
	q := &attachRequest{
		kind:       attachKind(r.u8()),
		minVersion: r.u8(),
		maxVersion: r.u8(),
		features:   features(r.u64()),
		session:    ID(r.bytes(16)),
		owner:      ID(r.bytes(16)),
		dialer:     incarnation(r.u64()),
		acceptor:   incarnation(r.u64()),
		attempt:    r.u64(),
		pos:        r.position(),
		maxMessage: r.u32(),
		credit:     r.u32(),
		nonce:      [16]byte(r.bytes(16)),
	}
	if q.kind != attachCreate && q.kind != attachResume {
		return nil, violation("4.1", "attach kind %d", q.kind)
	}
	return q, nil
}

// parseReply decodes a reply; it does not verify its proof.
func parseReply(b []byte) (*attachReply, error) {
	if len(b) != replyLen || b[0] != attachFormat {
		return nil, violation("4.2", "attach reply of %d bytes", len(b))
	}
	r := reader(b[1:])
	return &attachReply{
		status:     refusal(r.u8()),
		version:    r.u8(),
		features:   features(r.u64()),
		session:    ID(r.bytes(16)),
		acceptor:   incarnation(r.u64()),
		mark:       r.u64(),
		pos:        r.position(),
		maxMessage: r.u32(),
		credit:     r.u32(),
		retryAfter: time.Duration(r.u32()) * time.Millisecond,
		nonce:      [16]byte(r.bytes(16)),
	}, nil
}
