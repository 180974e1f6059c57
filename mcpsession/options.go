package mcpsession

import "github.com/modelcontextprotocol/go-sdk/mcp"

// ClientOptions returns a copy of o, which may be nil, that suits a client over a session: the
// SDK's keep-alive is off.
func ClientOptions(o *mcp.ClientOptions) *mcp.ClientOptions {
	var c mcp.ClientOptions
	if o != nil {
		c = *o
	}
	c.KeepAlive = 0
	return &c
}

// ServerOptions returns a copy of o, which may be nil, that suits a server over a session: the
// SDK's keep-alive is off.
func ServerOptions(o *mcp.ServerOptions) *mcp.ServerOptions {
	var c mcp.ServerOptions
	if o != nil {
		c = *o
	}
	c.KeepAlive = 0
	return &c
}
