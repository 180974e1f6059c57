// Package faultproxy is a TCP proxy on loopback that can be told to misbehave as networks
// do: reset connections, swallow bytes silently in one or both directions, stop in the
// middle of a frame, delay, stall, and let the end of an old connection arrive late.
//
// A [Proxy] forwards to one target. Its controls act at once on connections that exist and
// on those to come, may be called concurrently, and last until [Proxy.Heal]. [Driver] makes
// random trouble from a seed.
//
// No connection ever resumes with bytes missing, because TCP never does: one that has
// swallowed a byte swallows all that follow in that direction, healed or not, and also
// keeps to itself that the sender has closed.
package faultproxy
