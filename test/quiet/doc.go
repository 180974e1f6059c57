// Package quiet holds tests of time that need a real network and a machine that does nothing
// else: make test runs them without the race detector, one package at a time.
package quiet
