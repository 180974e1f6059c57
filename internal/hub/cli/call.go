package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/callid"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/terminal"
)

func (a *app) callCommand() *cobra.Command {
	var timeout time.Duration
	var asJSON bool
	var id string
	cmd := &cobra.Command{
		Use:   "call INSTANCE TOOL [JSON]",
		Short: "Run a tool of an instance and print its result",
		Long: "Runs a tool of an instance. JSON is the object of its arguments, - reads it from\n" +
			"standard input. While the instance can't be reached the call waits; with --timeout no\n" +
			"longer than that. A call is never made twice; with --id not even if this command is run\n" +
			"again: then it prints what the first call of that id has come to.",
		Example: `  brum-hub call web scripts_list
  brum-hub call web scripts_run '{"name":"dev"}'
  echo '{"query":"error"}' | brum-hub call web logs_search -`,
		GroupID:           groupInstances,
		ValidArgsFunction: a.complete(a.toolNames),
		Args:              args(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			if id != "" {
				if _, err := callid.Parse(id); err != nil {
					return usagef("--id: %w", err)
				}
			}
			req := api.CallRequest{Instance: args[0], Tool: args[1], WantProgress: true, ID: id}
			if len(args) == 3 {
				arguments, err := a.arguments(args[2])
				if err != nil {
					return err
				}
				req.Arguments = arguments
			}
			ctx := cmd.Context()
			if timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, timeout)
				defer cancel()
			}
			return a.call(ctx, req, asJSON)
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "give up after this long, such as 90s (0: never)")
	cmd.Flags().StringVar(&id, "id", "", "name of the call, 32 hex digits of your choice")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the whole result as one line of JSON")
	return cmd
}

// arguments reads the JSON of a call, from standard input if it says so.
func (a *app) arguments(text string) (json.RawMessage, error) {
	data := []byte(text)
	if text == "-" {
		var err error
		if data, err = io.ReadAll(io.LimitReader(a.In, api.MaxRequest+1)); err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
	}
	if len(data) > api.MaxRequest {
		return nil, usagef("the arguments are larger than %d bytes", api.MaxRequest)
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, usagef("the arguments are no JSON object: %v", err)
	}
	return data, nil
}

func (a *app) call(ctx context.Context, req api.CallRequest, asJSON bool) error {
	stop := a.tellWaiting(ctx, req.Instance)
	res, err := a.client().Call(ctx, req, func(p api.Progress) {
		fmt.Fprintln(a.Err, progressLine(p))
	})
	stop()
	if err != nil {
		return err
	}
	if asJSON {
		err = json.NewEncoder(a.Out).Encode(res)
	} else {
		err = a.printResult(res)
	}
	if err == nil && res.IsError {
		return errToolFailed
	}
	return err
}

func progressLine(p api.Progress) string {
	line := fmt.Sprintf("progress %v", p.Progress)
	if p.Total > 0 {
		line += fmt.Sprintf(" of %v", p.Total)
	}
	if p.Message != "" {
		line += ": " + plain(p.Message)
	}
	return line
}

// shown is a tool's text as a terminal should get it, since it may hold what a process printed;
// others get it as it is.
func shown(out io.Writer, text string) string {
	if !terminal.Is(out) {
		return text
	}
	return calmedLines(text, terminal.PaletteFor(out).Colours())
}

// printResult prints what a result says in text, and what can't be printed as JSON. The
// text of a failed tool goes to standard error.
func (a *app) printResult(res *mcp.CallToolResult) error {
	out := a.Out
	if res.IsError {
		out = a.Err
	}
	if len(res.Content) == 0 && res.StructuredContent != nil {
		return json.NewEncoder(out).Encode(res.StructuredContent)
	}
	var errs []error
	for _, c := range res.Content {
		if text, ok := c.(*mcp.TextContent); ok {
			_, err := fmt.Fprintln(out, shown(out, text.Text))
			errs = append(errs, err)
			continue
		}
		errs = append(errs, json.NewEncoder(out).Encode(c))
	}
	return errors.Join(errs...)
}
