package hub

import "context"

// Found is an instance as it announces itself.
type Found struct {
	ID        string
	Name      string
	Directory string
	// SessionURL is where it accepts sessions; "" when it offers none.
	SessionURL string
	// HTTPURL is where it takes MCP over HTTP; "" when it does not. One that has no Key is an
	// existing brummer.
	HTTPURL string
	// Key is the secret that sessions prove; it must appear nowhere.
	Key []byte
	// Life differs between two processes that use the same id one after the other.
	Life string
	// Fresh changes whenever the instance announces itself anew, a mere heartbeat excepted.
	Fresh string
}

// sameWay reports whether what reaches g reaches f: the same process at the same place.
func (f Found) sameWay(g Found) bool {
	return f.Life == g.Life && f.SessionURL == g.SessionURL && f.HTTPURL == g.HTTPURL
}

// Source finds instances.
type Source interface {
	// Watch calls update with all instances: at once, and after each change, until ctx is
	// done; then it returns nil. Calls do not overlap. Any other end is an error.
	Watch(ctx context.Context, update func([]Found)) error
}
