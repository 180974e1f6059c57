//go:build !linux && !darwin

package discovery

// bootID is unknown: what these systems offer is the time of the boot, which
// moves when the clock is set. Start times are absolute there and tell the
// processes of two boots apart.
func bootID() string { return "" }
