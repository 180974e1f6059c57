package session

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"
)

// ID names a session: 16 random bytes chosen by the dialing side. It is a name, not a secret.
type ID [16]byte

// NewID returns a random ID.
func NewID() ID {
	var id ID
	rand.Read(id[:]) // never fails (crypto/rand)
	return id
}

// ParseID is the inverse of ID.String.
func ParseID(s string) (ID, error) {
	var id ID
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("session: %q is not a session id (32 hex digits)", s)
	}
	return ID(b), nil
}

// String returns 32 hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// An incarnation tells one life of an endpoint from the next. Later ones are greater:
// they start from the wall clock in nanoseconds and never repeat within a process.
type incarnation uint64

var lastIncarnation atomic.Uint64

func newIncarnation(now time.Time) incarnation {
	for {
		last := lastIncarnation.Load()
		next := max(last+1, uint64(now.UnixNano()))
		if lastIncarnation.CompareAndSwap(last, next) {
			return incarnation(next)
		}
	}
}
