//go:build !race

package discovery

const manyProcesses = 50
