package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/limits"
)

// limitFlags are the flags of a hub about what it may use, as they were given.
type limitFlags struct {
	connections string
	memory      string
}

func (f *limitFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.connections, limits.ConnectionsFlag, "", fmt.Sprintf(
		"instances connected, requests over HTTP and requests over the control socket, each, at a time (%s; default %d)",
		limits.ConnectionsVariable, limits.DefaultConnections))
	flags.StringVar(&f.memory, limits.MemoryFlag, "", fmt.Sprintf(
		"memory above which new calls are refused, such as 512MiB; off for none (%s; default %s)",
		limits.MemoryVariable, limits.Size(limits.DefaultMemory)))
}

// parse returns the limits, or a usage error that says which of them is wrong.
func (f *limitFlags) parse() (connections int, memory int64, err error) {
	if connections, err = limits.Connections(f.connections, os.Getenv); err != nil {
		return 0, 0, usagef("%w", err)
	}
	if memory, err = limits.ParseMemory(f.memory, os.Getenv, limits.DefaultMemory); err != nil {
		return 0, 0, usagef("%w", err)
	}
	return connections, memory, nil
}

// args hands the flags on; what the environment says a child is told by that.
func (f *limitFlags) args() (args []string) {
	if f.connections != "" {
		args = append(args, "--"+limits.ConnectionsFlag+"="+f.connections)
	}
	if f.memory != "" {
		args = append(args, "--"+limits.MemoryFlag+"="+f.memory)
	}
	return args
}
