// Package side holds what both sides of the sleep tests are made of, the guest that sleeps and
// the world outside of it: programs, TLS in front of an instance, a hub's API, and what they
// tell each other.
package side
