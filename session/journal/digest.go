package journal

import "github.com/cespare/xxhash/v2"

// Extend returns the running digest of a stream after one more message: the xxHash64 of the
// message, seeded with the digest before it. A stream begins with digest 0. Being a chain, a
// digest depends on where messages begin and end, and goes on from its 8 bytes alone.
func Extend(digest uint64, message []byte) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(digest)
	d.Write(message) // never fails
	return d.Sum64()
}
