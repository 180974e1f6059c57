package api

// LogLevel is how much a hub tells in its own log: debug, info, warn or error.
type LogLevel struct {
	Level string `json:"level"`
}
