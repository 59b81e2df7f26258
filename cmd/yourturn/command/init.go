package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/setup"
)

// tokenVariable is the environment variable that may hold the token.
const tokenVariable = "YOURTURN_JIRA_TOKEN"

// initFlags are the flags of init.
type initFlags struct {
	url, email, tokenFile, flavor, proxy, ca, output string
	projects                                         []string
	yes, dryRun                                      bool
}

// initCommand makes a first config.
func initCommand(e Env) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init --jira.url URL",
		Short: "Make a first config from what your Jira's history shows",
		Long: `init looks at a Jira and proposes a config: which statuses wait for the Product
Owner, who that is, when those people work. Each proposal has its evidence and
a confidence. You accept, adjust or skip it, and see what it would have measured
in the last 90 days before anything is written.

It reads a sample of the stories of the projects in which something happens, and
writes nothing to Jira. The token comes from --jira.token-file, from the
environment as ` + tokenVariable + `, or is asked for; it is never written.

--yes asks nothing: it writes what is of high confidence, leaves the rest in the
file as comments with the evidence, and exits 1 if that leaves some project without
an acceptance step.`,
		Example: `  yourturn init --jira.url https://example.atlassian.net --jira.email bot@example.com
  yourturn init --jira.url https://jira.example.com --jira.token-file token --projects PAY,WEB --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return initialise(cmd.Context(), e, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.url, "jira.url", "", "the `address` of the Jira, such as https://example.atlassian.net")
	flags.StringVar(&f.email, "jira.email", "", "Cloud: the `e-mail` address of the account that owns the API token")
	flags.StringVar(&f.tokenFile, "jira.token-file", "", "a `file` that holds the token and nothing else")
	flags.StringVar(&f.flavor, "jira.flavor", "auto", "auto, cloud or datacenter")
	flags.StringVar(&f.proxy, "jira.proxy-url", "", "an HTTP or SOCKS5 proxy (`URL`)")
	flags.StringVar(&f.ca, "jira.ca-file", "", "a `file` of PEM certificates to trust beside the system's")
	flags.StringSliceVar(&f.projects, "projects", nil, "look at these projects (`keys`) instead of all in which something happens")
	flags.StringVar(&f.output, "output", "yourturn.yml", "write this `file`")
	flags.BoolVar(&f.yes, "yes", false, "ask nothing, and write what is of high confidence")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the config instead of writing it")
	return cmd
}

// initialise makes a first config.
func initialise(ctx context.Context, e Env, f initFlags) error {
	if f.url == "" {
		return usageError{errors.New("--jira.url is missing: write the address of your Jira, such as https://example.atlassian.net")}
	}
	u, err := url.Parse(f.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usageError{fmt.Errorf("--jira.url %q: write the address in full, such as https://example.atlassian.net", f.url)}
	}
	if u.User != nil {
		return usageError{errors.New("--jira.url holds credentials: take them out, and give the token in a file or the environment")}
	}
	if _, err := os.Stat(f.output); err == nil && f.yes && !f.dryRun {
		return fmt.Errorf("%s is there already and was left as it is: name another file with --output, or remove it", f.output)
	}
	token, err := initToken(ctx, e, f)
	if err != nil {
		return err
	}
	var requests atomic.Int64
	client, err := jira.New(jira.Options{
		URL: f.url, Flavor: jiradata.Flavor(f.flavor), Email: f.email, Token: token, ProxyURL: f.proxy, CAFile: f.ca, OneShot: true,
		Observe: func(string, int, time.Duration, http.Header) { requests.Add(1) },
	})
	if err != nil {
		return usageError{err}
	}
	progress := newProgress(e.Err)
	fmt.Fprintf(e.Err, "asking %s\n", f.url)
	err = setup.Run(ctx, setup.Options{
		Client: client, URL: strings.TrimRight(f.url, "/"), Email: f.email, TokenFile: absolute(f.tokenFile), Projects: f.projects, Output: f.output,
		Yes: f.yes, DryRun: f.dryRun, Requests: func() int { return int(requests.Load()) }, In: e.In, Out: e.Out,
		Progress: func(text string) {
			if text == "" {
				progress.done()
				return
			}
			progress.show("%s", text)
		},
	})
	progress.done()
	return err
}

// absolute makes a file's name good from every folder: the config may be used
// from another one.
func absolute(name string) string {
	if name == "" {
		return ""
	}
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

// initToken returns the token: of a file, of the environment, or as it is typed,
// which is not shown.
func initToken(ctx context.Context, e Env, f initFlags) (string, error) {
	if f.tokenFile != "" {
		text, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return "", fmt.Errorf("the token cannot be read: %w: name a file that holds it with --jira.token-file", err)
		}
		if token := strings.TrimSpace(string(text)); token != "" {
			return token, nil
		}
		return "", fmt.Errorf("%s is empty: write the token into it", f.tokenFile)
	}
	if token := strings.TrimSpace(os.Getenv(tokenVariable)); token != "" {
		return token, nil
	}
	const remedy = "give it with --jira.token-file, or in the environment as " + tokenVariable
	terminal, ok := e.Terminal()
	if f.yes || !ok {
		return "", usageError{errors.New("there is no token for Jira: " + remedy)}
	}
	token, err := hidden(ctx, e, terminal, "The token (it is not shown, and not written anywhere): ")
	if err == nil && token == "" {
		err = usageError{errors.New("there is no token for Jira: " + remedy)}
	}
	return token, err
}

// hidden asks for a line that is not shown. The terminal stops to echo before
// it asks, so nothing is shown however soon the line comes.
func hidden(ctx context.Context, e Env, fd int, prompt string) (string, error) {
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", fmt.Errorf("the terminal cannot be read: %w", err)
	}
	typed := make(chan error, 1)
	var text string
	go func() {
		var err error
		text, err = term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{e.In, e.Out}, "").ReadPassword(prompt)
		typed <- err
	}()
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case err = <-typed:
		if errors.Is(err, io.EOF) { // in this mode Ctrl-C and Ctrl-D are letters
			err = errInterrupted
		}
	}
	if restored := term.Restore(fd, state); err == nil {
		err = restored
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(text), nil
}
