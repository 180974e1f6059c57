// Package limitcheck tries the limits that brum keeps, for real and on this machine, over its
// loopback: whoever is one too many is refused and told when to come back, nothing is left of
// those who have gone, a flood that nobody reads stays within bounds, and running out of file
// descriptors is outlasted. It also compares what the machine allows with what brum needs.
//
// A check does to the parts of brum what would hurt them; that it notices when one of them is
// broken is what this package's tests are about.
package limitcheck
