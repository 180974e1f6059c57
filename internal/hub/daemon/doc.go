// Package daemon runs a hub as a program: it joins the hub's core with what finds instances
// and carries sessions, and serves it over the control socket and over HTTP.
//
// HTTP is guarded twice: web pages of other origins and rebound host names are turned away
// before anything else, and everything that acts or reveals needs the hub's token.
//
//	/          the page, which reveals nothing but itself; see packages page and login
//	/login     exchanges a code for the page's pass
//	/api/v1/…  see package control
//	/mcp       MCP over streamable HTTP
//	/metrics   what Prometheus asks for
//	/healthz   says that something is here, to anybody
package daemon
