// Package sleep tests what a real sleep does to sessions: a Linux kernel that suspends to RAM
// (S3) under systemd and logind, in a virtual machine, with hubs, instances and sessions inside
// and outside of it. The machine that the tests run on never sleeps.
//
// The tests run with the build tag sleep (make sleep-test), on Linux, in a network namespace
// of their own; docs/sleep-test.md tells what they need and how they work. Where something is
// missing they are skipped and say what; with CI=true they fail.
package sleep
