package hub

import "context"

// Found is an instance as it announces itself.
type Found struct {
	ID        string
	Name      string
	Directory string
	// SessionURL is where it accepts sessions; "" when it offers none.
	SessionURL string
	// Key is the secret that sessions prove; it must appear nowhere.
	Key []byte
	// Life differs between two processes that use the same id one after the other.
	Life string
	// Fresh changes whenever the instance announces itself anew, a mere heartbeat excepted.
	Fresh string
}

// Source finds instances.
type Source interface {
	// Watch calls update with all instances: at once, and after each change, until ctx is
	// done; then it returns nil. Calls do not overlap. Any other end is an error.
	Watch(ctx context.Context, update func([]Found)) error
}
