// Package session keeps two programs joined by one resumable session: an ordered, reliable
// exchange of messages that outlives the connections it travels on. Connections break, are
// replaced and resumed from exactly where each side was; sleep, pauses, half-open paths and
// late ends of old connections change nothing but the time it takes.
//
// docs/protocol.md in this module is the normative description of what is on the wire.
//
// # Roles
//
// The dialing side makes a [Session] with [Dial] and a function that opens connections. The
// accepting side has an [Acceptor], hands it the attach requests that arrive, and gets each
// new session once from [Acceptor.Accept]. From there on both sides are equal. The package
// knows no transport: package wsconn has WebSocket connections, and package brum, at the
// root of this module, puts the two together.
//
// # Delivery
//
//   - Messages arrive in the order in which their Sends returned.
//   - A message whose Send returned nil is delivered exactly once, as long as both processes
//     live and neither side's retention ends ([Config].DetachedFor).
//   - A message whose Send returned an error is never delivered, nor is a part of it.
//   - When a session can't go on, both sides get a [LostError] that says why and what became
//     of every message that was not acknowledged. What was received before can still be had.
//
// Nothing is dropped silently, and nothing is delivered by way of a new session in place of
// a lost one: making that is the application's decision.
//
// # Memory and blocking
//
// What is sent stays in memory until the peer has received it, at most Config.ReplayBytes, and
// while a live link's long path holds it Config.LongPath more;
// what is received stays until [Session.Receive] takes it, at most the credit that the peer
// was given. When either is used up, Send blocks and TrySend says so. An outage alone blocks
// nobody. A receiver that takes nothing stops its own sender and nothing else:
// acknowledgements, liveness and the other direction go on.
//
// # Liveness
//
// A link that falls silent is probed before it is judged, and a process that was itself
// stopped judges nobody before it has asked. Programs that know of wake-ups and network
// changes pass them on with [Session.Nudge].
//
// # Concurrency
//
// All exported methods may be called concurrently. A blocking method takes a context and
// returns its cause when it is done; Close, which may have to outlast an outage, too. A linked session
// runs a goroutine, and another while it writes; one without a link none; an attempt to connect
// runs one. CloseNow and a Close that succeeds return when all of them have ended.
package session
