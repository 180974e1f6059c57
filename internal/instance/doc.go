// Package instance is the work of brum-instance: it runs the scripts of a
// project, keeps their logs, and offers both to hubs as MCP tools, over
// resumable sessions and over HTTP.
//
//	Project   what can be run: the scripts of package.json and a given command
//	Tools     the MCP tools over a project's processes and logs
//	Instance  one program: listener, endpoints, discovery file, shutdown
package instance
