package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/daemon"
	"github.com/standardbeagle/brum/internal/hub/doctor"
	"github.com/standardbeagle/brum/internal/version"
	"github.com/standardbeagle/brum/power"
)

const doctorHelp = `Examines what brum depends on here: what tells of sleep and networks and why the rest does
not, clocks, networks, the discovery directory with its locks and notifications, the instances,
the control socket, HTTP, limits and, if a hub is running, its version and its sessions. It needs
no hub. Each finding is ok, a note, degraded or broken; what can be mended says how. Give the
flags that the hub has.

--json prints {"severity":…,"findings":[{"area":…,"subject":…,"severity":…,"what":…,"mend":…}]},
severity being that of the worst finding. Areas and severities are fixed; subjects and fields are
only ever added.

--watch goes on until it is interrupted and prints what happens to the machine's power and
networks and, if a hub is running, to its sessions. Within 5 s of each wake it prints a verdict:
PASS if all sessions are active and were heard of since, FAIL if one was not, NONE if there was
none. With --json it prints one record a line: {"at":…} and one of "event", "session", "hub",
"verdict".`

func (a *app) doctorCommand() *cobra.Command {
	var f hubFlags
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine what brum depends on here; with --watch, see what a sleep does",
		Long:  doctorHelp,
		Example: `  brum-hub doctor
  brum-hub doctor --watch    # close the lid, open it, and read the verdict`,
		GroupID: groupHub,
		Args:    args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLog(a.Err, f.logLevel)
			if err != nil {
				return err
			}
			monitor, err := power.New(power.WithLogger(log.Logger), power.WithWho("brum-hub doctor"))
			if err != nil {
				return err
			}
			defer monitor.Close()
			if watch {
				return a.watchMachine(cmd.Context(), monitor, asJSON)
			}
			return a.examine(cmd.Context(), monitor, f, asJSON)
		},
	}
	f.register(cmd)
	// What monitors log, the findings say.
	level := cmd.Flags().Lookup("log-level")
	level.DefValue = "error"
	f.logLevel = level.DefValue
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&watch, "watch", false, "go on, and tell of sleep, networks and sessions")
	return cmd
}

func (a *app) examine(ctx context.Context, monitor *power.Monitor, f hubFlags, asJSON bool) error {
	report := doctor.Examine(ctx, doctor.Options{
		Monitor:      monitor,
		Hub:          a.client(),
		Socket:       a.socket,
		StateDir:     f.stateDir,
		Token:        daemon.TokenPath(f.stateDir),
		DiscoveryDir: f.discoveryDir,
		HTTP:         f.address(),
		Version:      version.String(),
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	var err error
	if asJSON {
		e := json.NewEncoder(a.Out)
		e.SetIndent("", "  ")
		err = e.Encode(report)
	} else {
		err = printReport(a.Out, report)
	}
	if err == nil && report.Severity >= doctor.Degraded {
		return errUnhealthy
	}
	return err
}

func printReport(w io.Writer, r *doctor.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var area doctor.Area
	count := make(map[doctor.Severity]int)
	for _, f := range r.Findings {
		count[f.Severity]++
		shown := ""
		if f.Area != area {
			area, shown = f.Area, string(f.Area)
		}
		fmt.Fprintf(t, "%s\t%s\t%v\t%s\n", shown, plain(f.Subject), f.Severity, plain(f.What))
		if f.Mend != "" {
			fmt.Fprintf(t, "\t\t\t→ %s\n", plain(f.Mend))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%v: %d broken, %d degraded, %d notes\n", r.Severity, count[doctor.Broken], count[doctor.Degraded], count[doctor.Note])
	return err
}
