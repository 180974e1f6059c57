package api

// Limits that every part of a hub keeps.
const (
	// MaxRequest bounds a request to the hub, arguments of a call included.
	MaxRequest = 8 << 20
	// MaxResult bounds one record of an answer, a call's result included.
	MaxResult = 64 << 20
	// MaxProgress bounds the message of one progress report; longer ones are cut.
	MaxProgress = 64 << 10
)
