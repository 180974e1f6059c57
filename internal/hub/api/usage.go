package api

// Limits tells how much a hub uses of what it may use.
type Limits struct {
	Connections Usage `json:"connections"`  // to instances
	HTTP        Usage `json:"http"`         // requests under way over HTTP, streams included
	Control     Usage `json:"control"`      // the same over the control socket
	MemoryBytes Usage `json:"memory_bytes"` // of the process
	Files       Usage `json:"files"`        // open files and sockets
}

// Usage is a share of a limit.
type Usage struct {
	Used    int64 `json:"used"`              // -1 where the system does not tell
	Limit   int64 `json:"limit"`             // 0: none
	Refused int64 `json:"refused,omitempty"` // so far, for want of room
}
