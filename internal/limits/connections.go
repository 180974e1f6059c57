package limits

import (
	"fmt"
	"strconv"

	"github.com/standardbeagle/brum/errors"
)

const (
	// ConnectionsVariable is the environment's word on the number of connections.
	ConnectionsVariable = "BRUMMER_MAX_CONNECTIONS"
	// ConnectionsFlag is that of the command line, which comes first.
	ConnectionsFlag = "max-connections"
	// DefaultConnections is enough for a machine full of projects.
	DefaultConnections = 256

	mostConnections = 65536
)

// Connections is how many connections a program may have of each sort: what the flag says or
// else the environment or else the default. Any value but a whole number from 1 to 65536 is an
// error of kind Invalid that names where it came from.
func Connections(flag string, getenv func(string) string) (int, error) {
	value, from := given(flag, "--"+ConnectionsFlag, getenv, ConnectionsVariable)
	if value == "" {
		return DefaultConnections, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > mostConnections {
		return 0, fmt.Errorf("%s: %q is no number of connections from 1 to %d: %w", from, value, mostConnections, errors.Invalid)
	}
	return n, nil
}

// given returns what was said, and where.
func given(flag, flagName string, getenv func(string) string, variable string) (value, from string) {
	if flag != "" {
		return flag, flagName
	}
	return getenv(variable), variable
}
