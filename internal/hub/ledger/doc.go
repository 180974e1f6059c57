// Package ledger keeps on disk what a hub must not lose: which calls it has made, what
// became of them, and how far the readers of logs have got. It is one journal in the hub's
// state directory, locked by the hub's process.
//
// # What is durable when
//
// A call is on disk before Issue returns, so before it is sent: one that is not in the
// ledger was not sent. Its outcome follows without anybody waiting; should that be lost in a
// crash, the call is one of Unsettled at the next start and the instance is asked. A reader's
// position is durable when Commit returns. Whoever writes at the same time shares one fsync.
//
// The ledger never holds arguments or results, and no text of either: of the arguments it
// has a keyed digest, to tell a repeated call from another one with the same id.
//
// # Bounds
//
// Settled calls beyond a number or an age are dropped, oldest first. Calls without an
// outcome are never dropped; when there are too many of them Issue fails. Readers are
// bounded in number.
//
// After a failed write the ledger takes nothing more, and what it knew can still be read.
package ledger
