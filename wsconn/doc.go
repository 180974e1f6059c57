// Package wsconn carries packets over one WebSocket connection and guards the way in.
//
// # Connections
//
// [Dial] and [Accept] open a connection and carry one exchange of opaque bytes with the
// upgrade: the request travels in the header Brum-Attach, the answer in Brum-Attach-Reply
// of the 101 (or of a 409, if the accepting side refuses). So a session is resumed in the
// round trips that TCP, TLS and the upgrade need anyway, and nothing secret is in a URL.
//
// A [Conn] sends each packet as one binary message in one frame. It starts no goroutine,
// sets no read deadline and holds no large buffer while it is idle. Whether a silent peer
// is dead is for its user to judge, by traffic inside the packets.
//
// # The way in
//
// [Accept] checks everything about a request before it lets anybody look at the attach
// request, because looking at it may fence a live connection. [RefuseForeign] keeps web
// pages of other origins, and names that were rebound to this machine, away from any HTTP
// handler. [NewServer] bounds what strangers can hold: header bytes, time, and the number
// of connections that have not said anything useful yet; [RequestLimit] bounds those that have.
// [Patient] outlasts a lack of file descriptors. [CheckListenAddress] refuses addresses that
// other machines can reach in the clear.
package wsconn
