// Package calls is an instance's memory of the calls that carry an id.
//
// # What a caller can rely on
//
// An id is written down before its call runs, and runs at most once in the life of the
// instance: whoever comes with the same id again waits for the first outcome. A call that
// arrives after its deadline is refused, one that was cancelled or whose outcome was settled
// before it arrived as well; neither ever runs. A call belongs to its id and not to the
// connection it came over: it goes on when that ends, and stops when its caller withdraws it
// or its deadline comes.
//
// # Memory
//
// It is bounded: of the calls that have ended the oldest are forgotten first, and results
// before outcomes. What was forgotten is never mistaken for what never arrived.
//
// # Concurrency
//
// All methods may be called concurrently. One mutex guards everything; tools run without it.
package calls
