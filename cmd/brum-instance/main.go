// Command brum-instance runs the scripts of a project and offers them and their
// output to hubs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/standardbeagle/brum/internal/instance"
	"github.com/standardbeagle/brum/internal/programlog"
	"github.com/standardbeagle/brum/internal/terminal"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitSignal2 = 130 // a second signal
)

func main() { os.Exit(run()) }

func run() int {
	cmd := newCommand()
	err := cmd.ExecuteContext(context.Background())
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "brum-instance: %s\nTry brum-instance --help.\n", terminal.OneLine(err.Error()))
		return exitUsage
	case errors.Is(err, errKilled):
		return exitSignal2
	}
	fmt.Fprintln(os.Stderr, "brum-instance:", terminal.OneLine(err.Error()))
	return exitFailed
}

var errKilled = errors.New("killed by a second signal")

// serve runs in until a signal; a second one ends the grace of its processes, and
// if that does not help within a second, everything.
func serve(ctx context.Context, in *instance.Instance) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, heeded()...)
	defer signal.Stop(signals)
	defer programlog.OutliveReaders()()

	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	select {
	case err := <-done:
		return err
	case s := <-signals:
		cancel(fmt.Errorf("signal %v", s))
	}
	select {
	case err := <-done:
		return err
	case <-signals:
		in.Kill()
	}
	select {
	case <-done:
	case <-time.After(time.Second):
	}
	return errKilled
}
