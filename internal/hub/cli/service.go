package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/discovery"
	"github.com/standardbeagle/brum/internal/hub/control"
	"github.com/standardbeagle/brum/internal/hub/service"
	"github.com/standardbeagle/brum/internal/limits"
)

func (a *app) serviceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "service",
		Short: "Let the hub start when you log in",
		Long: "Makes the hub a service of yours: a systemd user unit on Linux, a launchd agent on macOS,\n" +
			"a scheduled task on Windows. It needs no root, starts the hub at login, and again should\n" +
			"it fail.",
		Example:           "  brum-hub service install\n  brum-hub service status\n  brum-hub service uninstall",
		GroupID:           groupProgram,
		Args:              args(1, 1),
		ValidArgsFunction: noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			return unknownCommand(cmd, args[0])
		},
	}
	cmd.AddCommand(a.serviceInstall(), a.serviceAct("uninstall", "Stop the service and remove it", service.Manager.Uninstall),
		a.serviceAct("status", "Tell whether there is a service, and whether it runs", service.Manager.Status))
	return cmd
}

func (a *app) serviceInstall() *cobra.Command {
	var f hubFlags
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Make the service, or replace it, and start it",
		Long: "Makes the service, or replaces it, and starts it. The hub gets the flags that are given\n" +
			"here, and finds its files where this command would. A hub that runs already has to be\n" +
			"ended first.",
		Example:           "  brum-hub service install\n  brum-hub service install --http 127.0.0.1:7780",
		Args:              args(0, 0),
		ValidArgsFunction: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			spec, err := a.serviceSpec(&f)
			if err != nil {
				return err
			}
			m, err := service.ForThisMachine()
			if err != nil {
				return err
			}
			if err := a.vacant(cmd.Context(), m); err != nil {
				return err
			}
			st, err := m.Install(cmd.Context(), spec)
			if err != nil {
				return err
			}
			return a.printService(st, false)
		},
	}
	f.register(cmd)
	return cmd
}

// vacant refuses while a hub runs that is not the service: the new one would end at once.
func (a *app) vacant(ctx context.Context, m service.Manager) error {
	st, err := m.Status(ctx)
	if err != nil || st.State == service.Running {
		return err
	}
	s, err := a.client().Status(ctx)
	if err != nil {
		return nil // there is none
	}
	return &control.RunningError{Path: a.socket, PID: strconv.Itoa(s.Hub.PID)}
}

// serviceSpec says how the hub is to be run. Nothing in it depends on the directory or the
// environment of this command.
func (a *app) serviceSpec(f *hubFlags) (service.Spec, error) {
	self, err := os.Executable()
	if err != nil {
		return service.Spec{}, err
	}
	// A service has another environment than this command.
	for flag, variable := range map[*string]string{
		&f.limits.connections: limits.ConnectionsVariable,
		&f.limits.memory:      limits.MemoryVariable,
	} {
		*flag = cmp.Or(*flag, os.Getenv(variable))
	}
	if f.discoveryDir, err = discovery.Dir(f.discoveryDir); err != nil {
		return service.Spec{}, err
	}
	if err := f.check(); err != nil {
		return service.Spec{}, err
	}
	if err := control.PrivateDir(f.stateDir); err != nil {
		return service.Spec{}, fmt.Errorf("state directory: %w", err)
	}
	dir, err := filepath.Abs(f.stateDir)
	if err != nil {
		return service.Spec{}, err
	}
	log := filepath.Join(dir, "hub.log")
	if runtime.GOOS == "windows" && f.logFile == "" { // the scheduler keeps nothing of what is printed
		f.logFile = log
	}
	flags, err := f.args(a.socket)
	if err != nil {
		return service.Spec{}, err
	}
	return service.Spec{Program: self, Args: append([]string{"serve"}, flags...), Log: log}, nil
}

func (a *app) serviceAct(use, short string, act func(service.Manager, context.Context) (service.Status, error)) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               use,
		Short:             short,
		Args:              args(0, 0),
		ValidArgsFunction: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := service.ForThisMachine()
			if err != nil {
				return err
			}
			st, err := act(m, cmd.Context())
			if err != nil {
				return err
			}
			return a.printService(st, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printService(st service.Status, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.Out).Encode(st)
	}
	line := fmt.Sprintf("service: %s (%s, %s)", st.State, st.Manager, st.File)
	if st.Detail != "" {
		line += ": " + plain(st.Detail)
	}
	_, err := fmt.Fprintln(a.Out, line)
	return err
}
