//go:build race

package discovery

// Under the race detector a process costs several times as much.
const manyProcesses = 5
