// Package command is the command line: one file for each command with its flags,
// its help and what it prints. The work is done by other packages.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
)

// The exit codes.
const (
	ExitFine   = 0
	ExitFailed = 1
	ExitUsage  = 2 // wrong usage or config
)

// Env is what a command has around it.
type Env struct {
	In        io.Reader
	Out, Err  io.Writer
	Now       func() time.Time  // the clock; nil: the machine's
	Transport http.RoundTripper // asks Jira; nil: the network
}

func (e Env) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// Terminal returns the descriptor of the terminal that the user types at. ok is
// false if there is none.
func (e Env) Terminal() (fd int, ok bool) {
	f, ok := e.In.(*os.File)
	if !ok {
		return 0, false
	}
	return int(f.Fd()), term.IsTerminal(int(f.Fd()))
}

// usageError is an error in the command line. Nothing was done.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// unfinishedError is an error of a command that can be continued.
type unfinishedError struct {
	error
	goOn string // what is done already, and how to continue
}

func (e unfinishedError) Unwrap() error { return e.error }

func (e unfinishedError) Error() string { return e.error.Error() + ": " + e.goOn }

// errInterrupted says that somebody pressed Ctrl-C where the terminal does not
// make a signal of it.
var errInterrupted = errors.New("interrupted")

// Run runs one command line and returns the exit code.
func Run(ctx context.Context, args []string, e Env) int {
	root := newRoot(e)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var wrong app.ConfigError
	var unfinished unfinishedError
	switch {
	case err == nil:
		return ExitFine
	case errors.As(err, &usage), errors.As(err, &wrong):
		fmt.Fprintf(e.Err, "yourturn: %s\n", visible(err.Error()))
		return ExitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled) && errors.As(err, &unfinished):
		fmt.Fprintf(e.Err, "yourturn: interrupted: %s\n", unfinished.goOn)
		return ExitFailed
	case ctx.Err() != nil && errors.Is(err, context.Canceled), errors.Is(err, errInterrupted):
		fmt.Fprintln(e.Err, "yourturn: interrupted")
		return ExitFailed
	default:
		fmt.Fprintf(e.Err, "yourturn: %s\n", visible(err.Error()))
		return ExitFailed
	}
}

// newRoot returns the command tree.
func newRoot(e Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "yourturn",
		Short: "How long teams wait on their Product Owner",
		Long: `yourturn reads a Jira, derives how long stories wait for their Product Owner to
accept them and questions for an answer, and exports both to Prometheus.

Try it without a Jira:  yourturn demo
Then with yours:        yourturn init --jira.url https://example.atlassian.net
                        yourturn check --config.file yourturn.yml --online
                        yourturn serve --config.file yourturn.yml

Every flag can also be set by an environment variable: --web.listen-address is
YOURTURN_WEB_LISTEN_ADDRESS. Flags win over the environment, and the environment
over the config file.
Exit codes: 0 fine, 1 failed, 2 wrong usage or config.`,
		Version:       app.BuildInfo().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			err := cobra.NoArgs(cmd, args)
			var known []string
			for _, c := range cmd.Commands() {
				known = append(known, c.Name())
			}
			if near := config.Nearest(strings.Join(args, " "), known, 1); err != nil && len(near) > 0 {
				err = fmt.Errorf("%w; did you mean %s?", err, near[0])
			}
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return fromEnvironment(cmd.Flags())
		},
	}
	root.SetIn(e.In)
	root.SetOut(e.Out)
	root.SetErr(e.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w%s: see `%s --help`", err, meant(cmd, err), cmd.CommandPath())}
	})
	root.AddCommand(demoCommand(e), initCommand(e), serveCommand(e), syncCommand(e), waitsCommand(e), eraseCommand(e), exportCommand(e), backupCommand(e), restoreCommand(e), storeCommand(e), reportCommand(e), mcpCommand(e), backfillCommand(e), checkCommand(e), dashboardsCommand(e), jirasimCommand(e), healthcheckCommand(e), supportCommand(e), manCommand(e), completionCommand(e))
	wrapArgs(root)
	return root
}

// meant returns which flag was probably meant by one that a command does not
// have, as the end of a sentence; "" if it was none.
func meant(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near := config.Nearest(unknown.GetSpecifiedName(), known, 1); len(near) > 0 {
		return fmt.Sprintf("; did you mean --%s?", near[0])
	}
	return ""
}

// wrapArgs makes wrong arguments a usage error in every command.
func wrapArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{fmt.Errorf("%w: see `%s --help`", err, c.CommandPath())}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
}

// fromEnvironment sets flags from the environment, but none that was given.
func fromEnvironment(flags *pflag.FlagSet) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "YOURTURN_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(f.Name))
		if v, ok := os.LookupEnv(name); ok && !f.Changed && f.Name != "help" && f.Name != "version" {
			if err := flags.Set(f.Name, v); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	})
	if err := errors.Join(errs...); err != nil {
		return usageError{err}
	}
	return nil
}

// isTerminal reports whether w is a terminal, where a line can be rewritten.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// configFlag adds the flag that names the config.
func configFlag(flags *pflag.FlagSet, path *string) {
	flags.StringVar(path, "config.file", "yourturn.yml", "the config `file`")
}

// loadConfig reads the config in a file, and says what should be known of it.
func loadConfig(e Env, path string) (*config.Config, error) {
	cfg, err := app.LoadConfig(path)
	if err != nil {
		return nil, err
	}
	for _, w := range cfg.Warnings() {
		fmt.Fprintf(e.Err, "yourturn: warning: %s: %s\n", path, w)
	}
	return cfg, nil
}

// opened opens the address that a command serves on.
func opened(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w: choose another address with --web.listen-address", err)
	}
	return l, nil
}
