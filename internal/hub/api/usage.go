package api

// Limits tells how much a hub uses of what it may use.
type Limits struct {
	Connections Usage   `json:"connections"`  // to instances
	HTTP        Clients `json:"http"`         // of the server for HTTP
	Control     Clients `json:"control"`      // of the control socket
	MemoryBytes Usage   `json:"memory_bytes"` // of the process
	Files       Usage   `json:"files"`        // open files and sockets
}

// Clients tells what the clients of a server do.
type Clients struct {
	Requests Usage `json:"requests"` // calls among them, follows too
	Streams  Usage `json:"streams"`  // of news
}

// Usage is a share of a limit.
type Usage struct {
	Used    int64 `json:"used"`    // -1 where the system does not tell
	Limit   int64 `json:"limit"`   // 0: none
	Refused int64 `json:"refused"` // so far, for want of room
}
