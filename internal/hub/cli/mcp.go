package cli

import (
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/bridge"
	"github.com/standardbeagle/brum/internal/hub/control"
	"github.com/standardbeagle/brum/internal/hub/mcpserver"
	"github.com/standardbeagle/brum/internal/version"
)

func (a *app) mcpCommand() *cobra.Command {
	var f hubFlags
	var noStart bool
	var config string
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Serve MCP on standard input and output, for AI tools",
		Long: "Bridges an AI tool to the hub. If no hub is running it starts one in the background,\n" +
			"which stays; its log is the file hub.log of the state directory. When the hub is\n" +
			"restarted, calls wait for the new one, which also tells the outcome of a call that was\n" +
			"under way. No call is ever made twice.",
		Example: "  brum-hub mcp --print-config cursor\n  brum-hub mcp --print-config claude --http off",
		GroupID: groupHub,
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config != "" {
				return a.printConfig(config, given(cmd.Flags()))
			}
			return a.bridge(cmd.Context(), f, noStart)
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&noStart, "no-start", false, "wait for a hub, never start one")
	cmd.Flags().StringVar(&config, "print-config", "", "print what to paste into the configuration of an AI `tool`: "+strings.Join(aiToolNames(), ", "))
	oneOf(cmd, "print-config", aiToolNames()...)
	return cmd
}

func (a *app) bridge(ctx context.Context, f hubFlags, noStart bool) error {
	if err := f.check(); err != nil {
		return err
	}
	l, closeLog, err := a.openLog(&f)
	if err != nil {
		return err
	}
	defer closeLog()
	log := l.Logger
	if err := preparePaths(a.socket); err != nil {
		return err
	}
	client := a.client()
	start := a.starter(f)
	if noStart {
		start = nil
	}
	backend := bridge.NewBackend(client, bridge.NewKeeper(client.Reachable, start, log))
	tools := mcpserver.New(backend, version.String(), log)

	ctx, cancel := context.WithCancel(ctx)
	following := make(chan struct{})
	go func() {
		defer close(following)
		tools.Run(ctx)
	}()
	err = tools.MCP().Run(ctx, &mcp.IOTransport{
		Reader:        closable(a.In),
		Writer:        nopCloser{a.Out},
		MaxLineLength: api.MaxRequest,
	})
	cancel()
	<-following
	if ctx.Err() != nil {
		return nil // the client has hung up, or we were told to end
	}
	return err
}

// starter returns what starts a hub with the same flags as this program.
func (a *app) starter(f hubFlags) func() (*exec.Cmd, error) {
	return func() (*exec.Cmd, error) {
		if err := control.PrivateDir(f.stateDir); err != nil {
			return nil, err
		}
		dir, err := filepath.Abs(f.stateDir)
		if err != nil {
			return nil, err
		}
		f.httpFallback, f.logFile = true, "" // its log has a place of its own
		flags, err := f.args(a.socket)
		if err != nil {
			return nil, err
		}
		return bridge.Background(append([]string{"serve"}, flags...), dir, filepath.Join(dir, "hub.log"))
	}
}

// closable is a reader that is closed when the bridge ends, so that nothing waits for input
// that may never come.
func closable(r io.Reader) io.ReadCloser {
	if c, ok := r.(io.ReadCloser); ok {
		return c
	}
	return io.NopCloser(r)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
