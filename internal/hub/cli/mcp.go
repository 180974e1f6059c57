package cli

import (
	"context"
	"io"
	"os/exec"
	"path/filepath"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub"
	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/hub/bridge"
	"github.com/standardbeagle/brum/internal/hub/control"
	"github.com/standardbeagle/brum/internal/hub/mcpserver"
	"github.com/standardbeagle/brum/internal/version"
)

func (a *app) mcpCommand() *cobra.Command {
	var f hubFlags
	var noStart bool
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Serve MCP on standard input and output, for AI tools",
		Long: "Bridges an AI tool to the hub. If no hub is running it starts one in the background,\n" +
			"which stays; its log is the file hub.log of the state directory. When the hub is\n" +
			"restarted, calls wait for the new one, which also tells the outcome of a call that was\n" +
			"under way. No call is ever made twice.",
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.bridge(cmd.Context(), f, noStart) },
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&noStart, "no-start", false, "wait for a hub, never start one")
	return cmd
}

func (a *app) bridge(ctx context.Context, f hubFlags, noStart bool) error {
	log, err := newLogger(a.Err, f.logLevel)
	if err != nil {
		return err
	}
	if _, err := hub.ParseLedgerPolicy(f.ledger); err != nil {
		return usagef("--ledger: %w", err)
	}
	if _, _, err := f.limits.parse(); err != nil {
		return err
	}
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
		socket, err := filepath.Abs(a.socket)
		if err != nil {
			return nil, err
		}
		args := []string{"serve", "--socket=" + socket, "--state-dir=" + dir, "--http=" + f.http,
			"--http-fallback", "--ledger=" + f.ledger, "--log-level=" + f.logLevel}
		args = append(args, f.limits.args()...)
		if f.discoveryDir != "" {
			found, err := filepath.Abs(f.discoveryDir)
			if err != nil {
				return nil, err
			}
			args = append(args, "--discovery-dir="+found)
		}
		return bridge.Background(args, dir, filepath.Join(dir, "hub.log"))
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
