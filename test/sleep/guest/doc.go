// Command guest is what of the tests runs in the virtual machine: it is the first program of
// all, which loads the kernel's modules and becomes systemd, and then, as a service, runs hub,
// instance and a session, puts the machine to sleep when the test says so, and tells what it
// was like.
package main
