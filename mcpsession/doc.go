// Package mcpsession carries MCP, as github.com/modelcontextprotocol/go-sdk speaks it, over a
// resumable session. Both sides connect as over any other transport:
//
//	client.Connect(ctx, mcpsession.New(s), nil)
//	server.Connect(ctx, mcpsession.New(s), nil)
//
// # What an outage means
//
// The SDK gives a connection up at the first error of a write. So none is reported while the
// session lives: messages queue, and what blocks ends with its context or with the session.
// Answers, notifications and calls under way survive an outage, and each call is answered
// once.
//
// A call made while the session is known to have no link waits for one before it is sent. If
// its context ends first it was never sent and will never be executed. A call that was sent
// into a link already dead, and then cancelled, is not executed either when it arrives at last
// together with its cancellation.
//
// # Keep-alive
//
// Leave the SDK's KeepAlive at 0, or pass your options through [ClientOptions] and
// [ServerOptions]: its pings go unanswered in an outage, and it would end what the session is
// there to keep. The session watches its link itself.
//
// # Closing
//
// The SDK closes its connection when its side closes, when the peer has closed, and after an
// error. That ends the session: in an orderly way if that is possible in
// [Transport].CloseTimeout, and else at once. MCP's own state does not survive the session: a
// new one needs a new Connect.
package mcpsession
