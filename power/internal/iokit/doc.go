// Package iokit hears from macOS, without cgo, that the machine goes to sleep and wakes.
//
// All that is said to IOKit is said by one thread of the process, which runs a run loop of its
// own while anybody listens. The system waits for an answer to two of its messages, up to
// thirty seconds; it gets one even if a listener fails.
package iokit
