// Package api is what a hub can do, said once: the Backend interface and the values that
// cross it. The hub implements it; the control client implements it by asking a hub in
// another process; the command line, the MCP servers and the HTTP API use it.
package api
