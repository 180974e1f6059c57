// Package powertest has a machine that sleeps, wakes and changes its networks when a test says
// so. What watches it is a real power.Monitor, with all its decisions; only clocks, networks and
// what the system would say are made up.
//
//	machine := powertest.New(t)
//	app := start(machine.Monitor)
//	machine.Suspend()        // returns when the OnSuspend hooks let the system sleep
//	machine.Sleep(time.Hour)
//	machine.Resume()         // subscribers have the Resume when this returns
//
// It works inside of testing/synctest, and waits for nothing but hooks. Network events, and dark
// wakes, come from a goroutine of the monitor: wait for them on a subscription, or with
// synctest.Wait.
package powertest
