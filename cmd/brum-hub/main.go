// Command brum-hub reaches the brum instances of this machine; see brum-hub --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/standardbeagle/brum/internal/hub/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the program in order; with the handler gone the second kills it.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Run(ctx, os.Args[1:], cli.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
