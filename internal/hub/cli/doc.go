// Package cli is the command line of brum-hub.
package cli
