package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/stack"
)

// argsVariable makes the test binary be the product's: it holds the arguments as
// a JSON list.
const argsVariable = "YOURTURN_TEST_ARGS"

// probeVariable makes the test binary ask for a URL every 100 ms until it is ended.
// For each answer it prints how many nanoseconds it took, or -1 if it was not 200.
const probeVariable = "YOURTURN_TEST_PROBE"

// TestMain runs the tests or, in a process that a test starts, the product with
// the arguments of argsVariable, or with its own where it bears the product's name, a
// probe, an attack, or a load.
func TestMain(m *testing.M) {
	if value := os.Getenv(attackVariable); value != "" {
		attackMain(value)
		return
	}
	if value := os.Getenv(loadVariable); value != "" {
		loadMain(value)
		return
	}
	if url := os.Getenv(probeVariable); url != "" {
		for range time.Tick(100 * time.Millisecond) {
			asked := time.Now()
			status, _, err := fetched(context.Background(), url)
			took := time.Since(asked)
			if err != nil || status != http.StatusOK {
				took = -1
			}
			fmt.Println(took.Nanoseconds())
		}
	}
	text, product := os.LookupEnv(argsVariable)
	if filepath.Base(os.Args[0]) == "yourturn" {
		os.Exit(command.Run(context.Background(), os.Args[1:], command.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})) //nolint:forbidigo // it is a main
	}
	if !product {
		os.Unsetenv("YOURTURN_JIRA_TOKEN") //nolint:errcheck // whoever runs the tests may have one; those that need it set it
		stack.Main(m)
		return
	}
	var args []string
	if err := json.Unmarshal([]byte(text), &args); err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	env := command.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	if file := os.Getenv(clockVariable); file != "" {
		env.Now = func() time.Time { return time.Now().Add(aheadBy(file)) }
	}
	os.Exit(command.Run(ctx, args, env)) //nolint:forbidigo // it is a main
}

// clockVariable names a file that says by how much a process's clock is ahead of the
// machine's. Without the file it is right.
const clockVariable = "YOURTURN_TEST_CLOCK"

// aheadBy returns what such a file says.
func aheadBy(file string) time.Duration {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		panic(err)
	}
	return d
}

// process returns the product as a process of its own, with these arguments.
func process(ctx context.Context, args ...string) *exec.Cmd {
	text, err := json.Marshal(args)
	if err != nil {
		panic(err) // strings always marshal
	}
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), argsVariable+"="+string(text))
	return cmd
}
