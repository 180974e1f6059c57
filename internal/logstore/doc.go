// Package logstore keeps the output lines of processes in bounded memory and
// lets readers resume by cursor.
//
// # What a reader can rely on
//
// The lines of one run are numbered from 1 without holes (Line.Seq), and the
// lines of all runs together likewise (the merged stream). A read names the
// stream and the last number it has seen; it gets what is retained after it,
// in order, and a count of what had to be dropped. Reading changes nothing, so
// the same read may be repeated after a lost answer. A cursor carries the
// store's incarnation: one of an earlier process is recognised, never misread.
//
// # Memory
//
// The store never holds more than its limit, overhead included. When it is
// full it drops the oldest lines of the run that holds the most, so a run that
// floods loses its own lines and not those of a quiet one.
//
// # Concurrency
//
// All methods may be called concurrently. One mutex guards everything; it is
// never held while matching, waiting or calling out. Waiting readers sleep on a
// channel that is closed by the next append, so a line costs nothing when
// nobody waits, and a burst costs each waiter one wake-up.
package logstore
