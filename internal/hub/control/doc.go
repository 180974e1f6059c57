// Package control connects a hub with the programs around it: the HTTP API under /api/v1,
// its client, and the control socket over which both meet.
//
// # The control socket
//
// It is a Unix socket that only its owner can open, in a directory of the owner's; where
// the system tells who connects, anyone else is turned away. On Windows it is a loopback
// port whose number and token stand in a file that only the owner can read. A lock file
// beside it belongs to the living hub, so that a second one is refused, and what a crashed
// one left is replaced.
//
// # The API
//
//	GET  /api/v1/status                    api.Status
//	GET  /api/v1/history?instance=REF      api.History
//	GET  /api/v1/tools                     api.Catalog
//	POST /api/v1/connect     {"instance"}  api.Instance
//	POST /api/v1/disconnect  {"instance"}  api.Instance
//	POST /api/v1/call        api.CallRequest, answered by records, one a line:
//	                         {"progress":…} any number of times, then {"result":…} or {"error":…}
//	                         A call with an id is told {"issued":api.Issued} before it is sent.
//	GET  /api/v1/calls?instance=REF&limit=N  api.Calls
//	GET  /api/v1/readers                   api.Readers
//	POST /api/v1/readers/commit  api.Reader  api.Reader with its next revision
//	POST /api/v1/readers/forget  {"name"}  {"name"}
//	GET  /api/v1/events      records {"revisions":…}, for as long as the client listens
//
// Errors are {"error":{"code","message","candidates"}} with a fitting status. Requests are
// bounded by api.MaxRequest, records by api.MaxResult. A client that hangs up during a call cancels it.
package control
