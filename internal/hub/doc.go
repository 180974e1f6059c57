// Package hub is the hub's core: it finds instances, keeps one resumable session to each,
// speaks MCP over it and offers the sum as an api.Backend.
//
// # Who owns what
//
// A Hub owns its links, one per instance. A link is a goroutine of its own that owns the
// session and the MCP client to that instance, so an instance that hangs, floods or lies
// costs the others nothing. Run returns when all of them have ended. Two kinds of mutex
// exist: the hub's guards the list of links, a link's guards that link's record. Neither is
// held while anything is called that may wait, and the hub's is never taken under a link's.
//
// # What a call can rely on
//
// A call runs at most once. While the instance's connection is down the call waits in the
// hub; if its caller gives up then, it was never sent. Once it has been handed to the
// session it is delivered exactly once, across outages; if its caller gives up, the
// cancellation follows it in order, so that a handler that was started by it finds its
// context done at once.
//
// A call that may act is in the ledger before it leaves, and has an id at the instance. If
// the session ends before the answer, the outcome is asked for on the next one, as is, at the
// start of a hub, that of every call that an earlier one has left. Only if the instance that
// knew is gone the call fails with outcome_unknown. It is not repeated in any case.
package hub
