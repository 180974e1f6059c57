// Package sessiontest has what tests of sessions need: a network in memory that fails in
// every way that networks do, a scripted peer that speaks the protocol byte by byte, and two
// conformance suites.
//
//   - [Network] joins a dialing and an accepting side in memory. Dials can be refused,
//     swallowed, doubled, overtaken; connections can be cut at any byte, go silent, be half
//     open, slow, or end late. It works in virtual time (testing/synctest), for package
//     session and, by its bytes, for any other transport.
//   - [Peer] is a peer whose every frame the test writes and reads. It has its own
//     implementation of docs/protocol.md, independent of package session's, so that it
//     checks what it is told as strictly as the document allows.
//   - [TestTransport] and [TestEveryByte] test a transport, that is an implementation of
//     session.Conn and what attaches it.
//   - [TestPeer] tests an implementation of the protocol against the document, section by
//     section.
//
// The package is for tests: where the tested side does something wrong, the test fails at
// once with what was expected and what came.
package sessiontest
