package callid

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/standardbeagle/brum/errors"
)

// ID names one call, for ever: 16 bytes as 32 lower-case hex digits.
type ID string

const size = 16

// New returns an ID that nobody else has.
func New() ID {
	var b [size]byte
	rand.Read(b[:]) // never fails
	return ID(hex.EncodeToString(b[:]))
}

// Parse reads an ID in any case of letters. The error is of kind errors.Invalid.
func Parse(s string) (ID, error) {
	low := strings.ToLower(s)
	if b, err := hex.DecodeString(low); err != nil || len(b) != size {
		return "", fmt.Errorf("call id %.50q: want %d hex digits: %w", s, 2*size, errors.Invalid)
	}
	return ID(low), nil
}
