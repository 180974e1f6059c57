// Package journal is the durable store behind a session's durable streams: one journal a
// session, a directory of segment files that belongs to one process at a time.
//
// It holds what must survive kill -9 and power cuts of either side: the session's identity
// and secret, the highest fences, for each stream the log of what was sent and not yet
// committed by the peer, the receive cursor that the application commits (with, if it likes,
// its own state in the same atomic step), and in the end a tombstone.
//
// # Guarantees
//
//   - A call that returned nil is durable: the data was synced, and so was the directory
//     where a name had to be. [Journal.Trim] alone does not wait; losing it costs a replay.
//   - What a call asked for is there after a crash whole or not at all, in the order asked.
//   - Records are numbered from 0 in each stream and never twice; cursors and fences never go
//     back. Each record carries the stream's running digest ([Extend]), which a replay verifies.
//   - A write that no fsync had confirmed is cut at the next [Open] (Recovery.Torn). Damage to
//     anything else is a [*CorruptError] with file and offset; nothing is ever skipped.
//   - What Open finds at the end, which may have been written and not synced, is written again
//     before anything relies on it.
//   - After a failed write or fsync the journal takes nothing more ([*FailedError]) and never
//     repeats an fsync on the same data. What was acknowledged is safe.
//   - Each Open raises the generation, so that the peer can find out a copied or rolled-back
//     journal: that can't be known from within.
//
// The last batch of the newest file has one weakness: damage to it after it was acknowledged
// looks like a torn write. The peer's cursor and digest tell.
//
// # Limits
//
// Payloads and records are bounded in all and for each stream ([Options]); appends beyond
// that are a [*FullError], and Trim makes room. Disk space is at most twice the payloads and
// eight segments: a segment is removed when nothing in it is needed, and the records of a
// stream that lags are moved out of mostly empty ones, 256 KiB with one fsync, so that appends
// don't wait for it. In memory there are 40 bytes for each record that is kept, the streams'
// application states, and what waits for the next fsync (1 MiB, or one larger record, twice).
// Secrets are stored as they are, in files of mode 0600 in a directory of mode 0700; on
// Windows the directory's access list names this user only.
//
// # Concurrency
//
// All methods may be called concurrently. One goroutine writes. Whoever asks for something
// while an fsync runs shares the next one; there is no timer. A call whose context ends while
// its data is being written returns a [*PendingError]: the data stays.
//
// # Why not bbolt
//
// Measured, with the same group commit around both, in the same run (medians of 5 interleaved
// rounds; ext4 on a virtual disk, 2 cores; an append counts when it is synced):
//
//	bytes  appenders  store                  appends/s    p50        p99
//	128    1          journal                5122         191µs      289µs
//	128    1          bbolt, group commit    3448         270µs      538µs
//	128    1          JetStream file store   4332         218µs      390µs
//	128    1          write and fsync        5198         193µs      288µs
//	128    8          journal                34235        219µs      443µs
//	128    8          bbolt, group commit    11012        693µs      2.174ms
//	128    8          JetStream file store   4548         1.709ms    3.588ms
//	128    8          write and fsync        21732        325µs      1.204ms
//	128    64         journal                128288       421µs      1.31ms
//	128    64         bbolt, group commit    64055        918µs      3.667ms
//	128    64         JetStream file store   4740         13.516ms   21.56ms
//	128    64         write and fsync        25128        384µs      36.313ms
//	4096   1          journal                3742         268µs      366µs
//	4096   1          bbolt, group commit    2668         358µs      693µs
//	4096   1          JetStream file store   3030         311µs      518µs
//	4096   1          write and fsync        4332         232µs      325µs
//	4096   8          journal                27065        282µs      613µs
//	4096   8          bbolt, group commit    7692         992µs      3.529ms
//	4096   8          JetStream file store   3485         2.267ms    4.782ms
//	4096   8          write and fsync        17550        430µs      1.005ms
//	4096   64         journal                81068        703µs      1.78ms
//	4096   64         bbolt, group commit    33722        1.613ms    6.729ms
//	4096   64         JetStream file store   3485         18.045ms   30.985ms
//	4096   64         write and fsync        22602        971µs      29.214ms
//
// The command is: cd bench && go run ./journal -time 400ms. JetStream is NATS' server 2.12.15
// with SyncAlways, in process. bbolt syncs twice for each transaction, data and then meta
// page, and rewrites whole pages of its tree; a log syncs once and writes what is new.
package journal
