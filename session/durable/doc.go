// Package durable carries messages that must survive the restart of either process, kill -9
// and power cuts included.
//
// A [session.Session] lives as long as both of its processes keep its state. A [Channel] is
// what outlives it: a lasting relation of two parties, each with a journal on its disk, that
// runs over one session after another. It has named streams, each with both directions.
//
// # Delivery
//
//   - Send returns nil when the message is on this side's disk. It then reaches the other
//     side, in the order of the stream, over as many sessions and lives of either process as
//     that takes.
//   - Receive hands out a message once in a life of the process. Commit makes the receive
//     cursor durable; a process that starts again continues behind what it had committed.
//     Relative to that cursor every message is delivered exactly once: none is left out, none
//     comes again.
//   - The other side drops a message from its disk when it hears that it was committed, and
//     never before that commit is on the receiver's disk.
//   - An application with a database of its own keeps the cursor there, with its effects in one
//     transaction, and hands it in when it opens the journal (journal.Options.Receive). Others
//     can keep up to 64 KiB of state beside the cursor; both change in one atomic step.
//
// # Honest ends
//
// Each life of a party has a generation, which its journal raises and the other side persists
// before it answers. So a journal that was rolled back (a restored backup, a snapshot of a
// virtual machine) and one that was copied and is used twice are found out, by the generation,
// the cursors or the digest that runs over every stream: a [*RefusedError] names which. A
// message is never skipped to make two sides fit. [Channel.End] ends the relation for good,
// with a verdict for each message that the other side had not committed.
//
// A journal that fails (a full disk, a failed fsync) takes nothing more. What becomes of the
// channel then is [Config.OnFailure].
//
// # Running
//
// [Channel.Run] serves one session; the application calls it for each, in turn, on both
// sides. A later session of the peer supersedes the one before. docs/durable.md in this module
// describes what is said on the wire.
//
// # Concurrency
//
// All methods may be called concurrently. A running channel has one goroutine, and three for
// each stream with something to send or to commit; Run returns when they have ended.
package durable
