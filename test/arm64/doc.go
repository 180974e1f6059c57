// Package arm64 runs tests on the other processor that brum is built for, emulated where the
// machine is not one.
package arm64
