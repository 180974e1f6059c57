// Package power tells when the machine sleeps and wakes, and when its networks change, so that a
// program can act at once instead of running into a timeout.
//
//	monitor, err := power.New()
//	if err != nil {
//		return err // an option makes no sense; nothing else
//	}
//	defer monitor.Close()
//	events := monitor.Subscribe(power.Resume, power.NetworkUp, power.NetworkChange)
//	for e := range events.C {
//		if e.Affects(conn.LocalAddr(), conn.RemoteAddr()) {
//			probe(conn)
//		}
//	}
//
// # What is promised
//
//   - There is one Resume for each sleep, however many sources tell of it, and none for a clock
//     that was set or a process that was stopped. It is never merged away by other events.
//   - Slept is exact where the system has a clock that counts sleep: Linux, macOS, Windows.
//   - A hook of OnSuspend delays a sleep by no more than its budget, even if it hangs or panics.
//     Without hooks, no sleep is ever delayed.
//   - The first change of a network is told at once, those that follow are gathered for a moment.
//     What containers, virtual machines, link-local and temporary addresses do is no event.
//   - What the system does not offer is missing, and nothing else: Monitor.Status names the
//     sources, whether they work, and why not. One that fails is tried again.
//
// # What is not
//
// Suspend may be missing, as not every sleep announces itself. Where there is no clock that
// counts sleep, and in virtual machines, which a host may pause unnoticed, a wall clock that
// jumps ahead by 5 s or more counts as a Resume, marked Inferred: it may be no more than a clock
// that was set. Online says nothing about whether a peer can be reached; nothing is ever sent to
// find out.
//
// # Concurrency
//
// All methods may be called from any goroutine. Events come to each Subscription in one order,
// the same for all. Nobody who does not read keeps anybody else from an event. Hooks run in
// goroutines of their own.
//
// Package powertest has a machine for tests, which sleeps when it is told to.
package power
