// Package bridge is the hub as seen by a program that must not mind the hub's restarts: a
// Backend that waits for the hub, starts one where none is, and asks again whatever can be
// asked again. On top of it stands the stdio MCP server for AI clients.
package bridge
