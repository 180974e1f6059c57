package limitcheck

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v4/mem"

	"github.com/standardbeagle/brum/internal/limits"
)

// What a hub takes of the machine: about three files for each instance and one for each client,
// and a few for itself; one inotify instance with two watches.
const (
	filesEach     = 4
	filesBeside   = 64
	needInstances = 2
	needWatches   = 16
)

func checkMachineFiles(_ context.Context, o Options, p parts) Row {
	need := uint64(filesEach*o.Connections + filesBeside)
	row := Row{Row: "K4", What: "open files", Limit: fmt.Sprintf("at least %d for %d connections", need, o.Connections)}
	switch n := p.files(); {
	case n == 0:
		return row.pass("no limit")
	case n < need:
		return row.fail("%d: raise it (ulimit -n %d, or LimitNOFILE= of the service), or lower --%s", n, need, limits.ConnectionsFlag)
	default:
		return row.pass("%d", n)
	}
}

func checkMachineMemory(ctx context.Context, o Options, _ parts) Row {
	row := Row{Row: "K4", What: "memory", Limit: "more than the limit of a program, " + limits.Size(o.Memory)}
	if o.Memory == 0 {
		row.Limit = "none is set"
	}
	m, err := mem.VirtualMemoryWithContext(ctx)
	switch {
	case err != nil:
		row.Verdict, row.Found = None, "not told: "+err.Error()
		return row
	case int64(m.Total) < o.Memory:
		return row.fail("%s in all, %s of them available: lower --%s", limits.Size(int64(m.Total)), limits.Size(int64(m.Available)), limits.MemoryFlag)
	}
	return row.pass("%s in all, %s of them available", limits.Size(int64(m.Total)), limits.Size(int64(m.Available)))
}

func checkMachineWatches(context.Context, Options, parts) Row {
	row := Row{Row: "K4", What: "inotify", Limit: fmt.Sprintf("at least %d instances and %d watches", needInstances, needWatches)}
	instances, watches := limits.Watches()
	switch {
	case instances == 0 && watches == 0:
		row.Verdict, row.Found = None, "this system has no such limit"
		return row
	case instances < needInstances || watches < needWatches:
		return row.fail("%d instances, %d watches: raise fs.inotify.max_user_instances and fs.inotify.max_user_watches with sysctl", instances, watches)
	}
	return row.pass("%d instances, %d watches", instances, watches)
}
