// Command supply says what is in a binary of yourturn: its modules as a CycloneDX
// bill of materials, and the known vulnerabilities in what is linked.
//
//	go run ./internal/supply sbom BINARY > yourturn.cdx.json
//	go run ./internal/supply vulnerabilities BINARY
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// patience is how long a look at the databases of vulnerabilities may take.
const patience = 2 * time.Minute

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

// run runs a command line and returns the exit code: 1 if it failed or a module has
// a vulnerability, 2 if the command line is wrong.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	commands := map[string]func(context.Context, string, io.Writer) error{"sbom": sbom, "vulnerabilities": vulnerabilities}
	if len(args) != 2 || commands[args[0]] == nil {
		fmt.Fprintln(errs, "usage: supply sbom|vulnerabilities BINARY")
		return 2
	}
	if err := commands[args[0]](ctx, args[1], out); err != nil {
		fmt.Fprintln(errs, "supply:", err)
		return 1
	}
	return 0
}
