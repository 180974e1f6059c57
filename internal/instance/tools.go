package instance

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/instance/calls"
	"github.com/standardbeagle/brum/internal/logstore"
	"github.com/standardbeagle/brum/internal/process"
)

// followWait is how long logs_stream waits for a first line.
const followWait = 20 * time.Second

// Tools are the MCP tools of an instance. The fields must not change once
// Server was called.
type Tools struct {
	Project   *Project
	Processes *process.Manager
	Logs      *logstore.Store
	Calls     *calls.Table
	Version   string
	// Done ends calls that wait. nil: never.
	Done <-chan struct{}
}

// Server returns an MCP server that offers the tools. It serves any number of
// connections.
func (t *Tools) Server() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "brum-instance", Version: t.Version}, &mcp.ServerOptions{
		Instructions: "Runs the scripts of one project and keeps their output. " +
			"Start with scripts_list; follow output with logs_stream, passing back the cursor it returns.",
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}, // the list never changes
	})
	closed, destructive := false, true
	reads := &mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &closed}
	mcp.AddTool(s, &mcp.Tool{
		Name: "scripts_list", Annotations: reads,
		Description: "List the scripts that can be run, and the process of each that is running.",
	}, t.scriptsList)
	mcp.AddTool(s, &mcp.Tool{
		Name:        "scripts_run",
		Description: "Start a script. It is an error if it is running already; stop it first to restart it.",
	}, t.scriptsRun)
	mcp.AddTool(s, &mcp.Tool{
		Name: "scripts_stop", Annotations: &mcp.ToolAnnotations{DestructiveHint: &destructive, IdempotentHint: true},
		Description: "Stop a process and everything it started, and wait until it is gone.",
	}, t.scriptsStop)
	mcp.AddTool(s, &mcp.Tool{
		Name: "scripts_status", Annotations: reads,
		Description: "State of the processes, ended ones included.",
	}, t.scriptsStatus)
	mcp.AddTool(s, &mcp.Tool{
		Name: "logs_stream", Annotations: reads,
		Description: "Read output lines. Without a cursor: the last lines. With the cursor of an earlier answer: " +
			"what came after it; the same cursor may be used again. With follow it waits up to 20 s for a first line. " +
			"gap counts lines that were dropped unread.",
	}, t.logsStream)
	mcp.AddTool(s, &mcp.Tool{
		Name: "logs_search", Annotations: reads,
		Description: "Search the output that is retained; returns the newest matches, oldest first.",
	}, t.logsSearch)
	mcp.AddTool(s, &mcp.Tool{
		Name: callid.OutcomeTool, Annotations: &mcp.ToolAnnotations{DestructiveHint: &closed, IdempotentHint: true, OpenWorldHint: &closed},
		Description: "Tell what became of a call that was made with a call id, for instance when its answer was lost.",
	}, t.callsOutcome)
	mcp.AddTool(s, &mcp.Tool{
		Name: callid.CancelTool, Annotations: &mcp.ToolAnnotations{DestructiveHint: &destructive, IdempotentHint: true},
		Description: "Stop a call that was made with a call id. One that has not arrived yet will never run.",
	}, t.callsCancel)
	s.AddReceivingMiddleware(t.once)
	return s
}

// bound ends ctx when the instance shuts down.
func (t *Tools) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if t.Done == nil {
		return ctx, func() { cancel(nil) }
	}
	stop := make(chan struct{})
	go func() {
		select {
		case <-t.Done:
			cancel(process.ErrClosed)
		case <-stop:
		}
	}()
	return ctx, func() { close(stop); cancel(nil) }
}
