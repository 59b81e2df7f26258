// Yourturn tells software teams how long they wait on their Product Owner.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(command.Run(ctx, os.Args[1:], command.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
