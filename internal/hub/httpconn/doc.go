// Package httpconn reaches an instance over plain HTTP/1.1 instead of a session. A Conn looks
// from outside like a session: it has the same states, tells of the same changes, and retries
// on the same schedule. What it can't do is what HTTP can't: an answer whose connection breaks
// is lost, nothing is told unasked, and that a silent instance is there has to be asked for.
//
// Two kinds of instances are spoken to. One that has a token speaks MCP over streamable HTTP,
// with the SDK's client. One that has none is an existing brummer, which speaks a JSON-RPC of
// its own: the files legacy*.go translate it.
package httpconn
