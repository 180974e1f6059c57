//go:build sleep && linux

package side

// Addresses of the two sides, in the network between them, and what they offer there.
const (
	OutsideAddress = "10.77.0.1"
	GuestAddress   = "10.77.0.2"
	Network        = "/24"

	GatePort    = "8443" // an instance
	SessionPort = "8444" // sessions that echo; outside only
)

// SessionKey is the key of the sessions that echo.
const SessionKey = "key of sessions that echo"
