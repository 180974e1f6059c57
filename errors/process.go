package errors

// Process is what has been verified about the process behind an endpoint.
type Process uint8

const (
	ProcessUnverified Process = iota
	ProcessAlive
	ProcessGone
)

// AboutProcess refines err, the failure of a dial to an instance, by what is
// known of the instance's process. Refused by an address whose process is gone
// becomes ProcessNotFound, which is permanent; refused while the process lives
// stays temporary, since it may be about to listen. Every other error is
// returned as it is.
func AboutProcess(err error, p Process) error {
	if p != ProcessGone || Of(err) != Refused {
		return err
	}
	return Wrap(err, Error{Kind: ProcessNotFound, Op: "process is gone"})
}
