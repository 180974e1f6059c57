// Package process runs commands and keeps what they print.
//
// Each run of a command has an id such as "dev-1". A run includes its automatic
// restarts: id and log go on through them. The command gets a process group of
// its own (a job object on Windows), and the run is over only when everything in
// that group is gone: what the command leaves behind is asked to stop, then
// killed.
//
// A group cannot outlive the Manager's Close. When this process dies without
// having called it, the command itself is asked to stop on Linux (the kernel
// sends it SIGTERM) and its job is killed on Windows; elsewhere, and for a
// command's own children on Linux, there is no such means.
//
// All methods may be called concurrently. Each run is owned by one goroutine;
// what others see is a snapshot that it publishes.
package process
