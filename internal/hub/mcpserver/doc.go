// Package mcpserver offers a hub to AI clients as an MCP server: a few tools about the
// instances, and every tool of every connected instance as hub_<tool>, with one more
// parameter, instance_id. The list follows the instances, and clients are told of changes.
//
// An instance's tool whose name would not be a valid one, or that has a parameter
// instance_id of its own, can't be offered that way; it is left out, with a line in the log.
package mcpserver
