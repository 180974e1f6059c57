package api

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Backend is a hub. All methods may be called concurrently and return soon after ctx is
// done. Errors that a caller may act on are an *Error. An instance is named by a
// reference: its id, a unique prefix of its id, or its name.
type Backend interface {
	// Status tells the state of the hub and its instances, in order of name and id.
	Status(ctx context.Context) (*Status, error)

	// History lists the latest state changes of an instance, oldest first.
	History(ctx context.Context, instance string) (*History, error)

	// Tools lists the tools of all connected instances.
	Tools(ctx context.Context) (*Catalog, error)

	// Call runs a tool of an instance, at most once, and waits for its result. While the
	// instance can't be reached it waits for it, without limit but ctx's. progress, which
	// may be nil, is called in order, one call at a time, and not after Call has returned.
	Call(ctx context.Context, req CallRequest, progress func(Progress)) (*mcp.CallToolResult, error)

	// Connect undoes a Disconnect and tries to reach the instance at once. It waits until
	// the instance is active, but no longer than the connect timeout; the hub goes on
	// trying after that.
	Connect(ctx context.Context, instance string) (*Instance, error)

	// Disconnect ends the session with the instance. Only Connect undoes it.
	Disconnect(ctx context.Context, instance string) (*Instance, error)

	// Events yields the hub's revisions: at once, and then whenever something changed
	// (several changes may be told as one). After an error it yields no more.
	Events(ctx context.Context) iter.Seq2[Revisions, error]
}

// CallRequest says which tool to run.
type CallRequest struct {
	Instance  string          `json:"instance"`
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments,omitempty"` // an object; nil means {}
	// WantProgress asks the instance to send progress.
	WantProgress bool `json:"want_progress,omitempty"`

	// ID is the caller's name for the call, 32 hex digits (see callid.New); "" lets the hub
	// choose. A call whose id was used before is not run: its caller gets the first outcome.
	ID string `json:"id,omitempty"`
	// Deadline is when the call must have ended; it never begins later. Zero: none.
	Deadline time.Time `json:"deadline,omitzero"`
	// Issued is what an earlier hub told of this call: it is not run, and its outcome told.
	Issued *Issued `json:"issued,omitempty"`
	// OnIssued, which may be nil, is called at most once, before the call is sent to the
	// instance: what has not been issued was not run.
	OnIssued func(Issued) `json:"-"`
}

// Progress of a call, as its tool reports it.
type Progress struct {
	Progress float64 `json:"progress"`
	Total    float64 `json:"total,omitempty"` // 0: unknown
	Message  string  `json:"message,omitempty"`
}

// Revisions count changes. They grow while a hub lives; another hub starts anew.
type Revisions struct {
	Status uint64 `json:"status"` // states and the list of instances
	Tools  uint64 `json:"tools"`  // the catalog
}

// Catalog is the tools of all connected instances.
type Catalog struct {
	Tools []Tool `json:"tools"` // in order of name
}

// Tool is one name in the catalog and who offers it.
type Tool struct {
	Tool      *mcp.Tool `json:"tool"` // of several instances: what suits all of them
	Instances []string  `json:"instances"`
}
