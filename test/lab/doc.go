// Package lab tests the programs on hosts that a test makes of Linux namespaces, with the
// faults that real networks and machines have: lost packets, resets, other addresses, full
// disks, killed processes. It needs root, iproute2 and nftables, and touches nothing of the
// machine outside its own namespaces.
//
// The programs run as they are. Where addresses have to be other than loopback, sessions are
// held by the command in internal/peer, over TLS as the library wants it there. Every test ends
// with the ledgers of all sessions; how long detection and resume took is printed as one table.
package lab
