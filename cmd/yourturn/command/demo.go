package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/backfill"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/redact"
)

// The demo polls its own Jira on loopback, more often and faster than a real one.
const (
	demoPoll     = 5 * time.Second
	demoRequests = 1000
	// demoStories is what four projects finish in half a year. Every panel over the
	// last seven days then has something to show, whatever the hour at which the
	// demo starts.
	demoStories = 1600
	// demoSpeed lets something happen in most minutes, and a day of the demo hold no
	// more waits than a week of its history.
	demoSpeed = 12
	// demoPast is how much of the past it writes if it is told to: three months.
	demoPast = 91 * 24 * time.Hour
)

// demoFlags are the flags of demo.
type demoFlags struct {
	address, jira, store, level string
	past, instance              string
	pastOf                      time.Duration // how much of it
	jiraChosen                  bool          // not by default
	anew                        bool
	seed                        int64
	speed                       float64
}

// demoCommand runs the whole service on a simulated Jira.
func demoCommand(e Env) *cobra.Command {
	f := demoFlags{pastOf: demoPast}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole service on a simulated Jira",
		Long: `demo runs the whole service on a simulated Jira: a generated organisation with
months of history, whose team continues to work while you watch. It is polled over
HTTP on loopback, stored, derived and exported like a real Jira. It needs no config.

Its people act in real time, only faster (--speed): with the default something
happens every minute or two, and the numbers stay those of a team. With --speed 300
something happens every few seconds, and after some hours there are more and shorter
waits than any team has. Owners answer in their working hours at any speed, so at any
hour some are at work and some are not. An ending counts in the histograms five
minutes later, after the slip window.

With --store FILE the store and its config (FILE.yml) are kept, and you can try
other commands on them: yourturn waits --config.file FILE.yml --open
Every start generates a new organisation, because people who act in real time
cannot be resumed. --anew replaces the store of an earlier demo.

With --past FOLDER the demo also writes what scrapes would have shown in the last three
months, as yourturn backfill does. The folder appears when it is complete. It is for a
Prometheus that has no sample of the demo yet; --instance is the label of its scrape.

Stories link to the simulated Jira, which shows each of them at /browse/KEY.`,
		Example: `  yourturn demo
  yourturn demo --seed 7 --speed 300 --store demo.db`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.jiraChosen = cmd.Flags().Changed("jira.listen-address")
			return demo(cmd.Context(), e, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.address, "web.listen-address", "127.0.0.1:9817", "listen on this `address`")
	flags.Int64Var(&f.seed, "seed", 1, "the `number` of the organisation that is generated")
	flags.Float64Var(&f.speed, "speed", demoSpeed, "how many times faster than people the team acts; the clock is always the real one")
	flags.StringVar(&f.jira, "jira.listen-address", "127.0.0.1:9818", "the `address` of the simulated Jira; if the default is in use, another port is taken")
	flags.StringVar(&f.store, "store", "", "keep the store in this `file`, and its config beside it; the file must not exist")
	flags.BoolVar(&f.anew, "anew", false, "replace the --store of an earlier demo")
	flags.StringVar(&f.past, "past", "", "write the last three months for a new Prometheus to import into this `folder`; needs --store")
	flags.StringVar(&f.instance, "instance", "127.0.0.1:9817", "the instance label of the scrape that --past continues to")
	flags.StringVar(&f.level, "log.level", "warn", "debug, info, warn or error")
	return cmd
}

// organisation returns what the demo generates.
func (f demoFlags) organisation() team.Options {
	return team.Options{Seed: f.seed, Flavor: jirasim.Cloud, MinStories: demoStories, Ordinary: true}
}

func demo(ctx context.Context, e Env, f demoFlags) (err error) {
	if f.speed <= 0 {
		return usageError{fmt.Errorf("--speed %v: give a number above 0", f.speed)}
	}
	if f.past != "" && f.store == "" {
		return usageError{errors.New("--past needs a store that stays: give --store FILE too")}
	}
	token := rand.Text()
	secrets := redact.New(token)
	log, recent, err := newServiceLogger(e.Err, f.level, "console", secrets)
	if err != nil {
		return err
	}
	dir, path := "", f.store
	if path == "" {
		if dir, err = os.MkdirTemp("", "yourturn-demo-"); err != nil {
			return fmt.Errorf("making a temporary folder for the demo: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		path = filepath.Join(dir, "demo.db")
	} else if err := mayReplace(path, f.anew); err != nil {
		return err
	}
	l, err := opened(ctx, f.address)
	if err != nil {
		return err
	}
	tm, err := team.New(f.organisation())
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer tm.Close()
	jl, err := f.listenJira(ctx)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	jiraURL := "http://" + reached(jl.Addr())
	var cfg *config.Config
	if err = errors.Join(replace(e, path), f.replacePast()); err == nil {
		cfg, err = demoConfig(tm, path, jiraURL, token)
	}
	if err != nil {
		return errors.Join(err, l.Close(), jl.Close())
	}
	progress, scraped := newProgress(e.Err), make(chan struct{})
	svc, err := app.Open(ctx, cfg, log, app.Options{RequestsPerSecond: demoRequests, Redact: secrets, Recent: recent, Notes: tm.Describe(), Writer: app.Writer{Command: "demo"}, Load: app.LoadDemo, Scraped: func() { close(scraped) }, Progress: func(p collector.Progress) {
		if p.Full {
			progress.show("reading the simulated Jira: %d stories", p.Stories)
		}
	}})
	if err != nil {
		return errors.Join(err, l.Close(), jl.Close())
	}
	defer func() { err = errors.Join(err, svc.Close()) }()

	past := len(tm.Truth()) // before the team goes on working
	g, ctx := errgroup.WithContext(ctx)
	sim := &http.Server{Handler: jirasim.NewServer(tm.Site(), jirasim.Options{Token: token, Email: cfg.Jira.Email}), ReadHeaderTimeout: 10 * time.Second}
	g.Go(func() error {
		if err := sim.Serve(jl); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("the simulated Jira: %w", err)
		}
		return nil
	})
	g.Go(func() error { <-ctx.Done(); return sim.Close() })
	g.Go(func() error { return tm.Live(ctx, f.speed) })
	g.Go(func() error { return svc.Run(ctx, l) })
	pages := "http://" + reached(l.Addr())
	fmt.Fprintf(e.Out, `yourturn demo: a simulated Jira with %d waits of the last six months, and a team at work.

  open     %s/          what waits now
  metrics  %s/metrics   what Prometheus scrapes
  Jira     %s      the simulated one
`, past, pages, pages, jiraURL)
	if f.store != "" {
		fmt.Fprintf(e.Out, "  try      yourturn waits --config.file %s.yml --open\n", f.store)
	}
	fmt.Fprintln(e.Out, "\nStop it with Ctrl-C.")
	g.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case <-scraped:
		}
		fmt.Fprint(e.Out, tour(pages, svc.Report()))
		if f.past == "" {
			return nil
		}
		return f.writePast(ctx, e, cfg)
	})
	return g.Wait()
}

// writePast writes the past beside the folder, and renames it when it is complete.
func (f *demoFlags) writePast(ctx context.Context, e Env, cfg *config.Config) error {
	draft := f.past + ".draft"
	if err := os.RemoveAll(draft); err != nil {
		return fmt.Errorf("writing the demo's past: %w", err)
	}
	err := f.writeSamples(ctx, e.now(), cfg, draft)
	if ctx.Err() != nil {
		return os.RemoveAll(draft) // the demo stops
	}
	if err == nil {
		err = os.Rename(draft, f.past)
	}
	if err != nil {
		return fmt.Errorf("writing the demo's past: %w", err)
	}
	fmt.Fprintf(e.Out, "\nThe past is in %s, for a new Prometheus to import.\n", f.past)
	return nil
}

// writeSamples writes the past into a folder, for a Prometheus that has no sample yet.
func (f *demoFlags) writeSamples(ctx context.Context, now time.Time, cfg *config.Config, dir string) error {
	past, err := app.OpenPast(ctx, cfg, now, 0)
	if err != nil {
		return err
	}
	defer past.Close() //nolint:errcheck // it was only read
	const step = time.Hour
	options, err := past.Options(ctx, past.First(now.Add(-f.pastOf), step), past.Latest.Truncate(step), step, dir, "yourturn", f.instance)
	if err == nil {
		_, err = backfill.Write(ctx, past.Reader.Store, options)
	}
	return err
}

// listenJira opens the address of the simulated Jira.
func (f *demoFlags) listenJira(ctx context.Context) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", f.jira)
	if err != nil && !f.jiraChosen { // another demo may use it
		l, err = c.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("listening: %w: choose another address with --jira.listen-address", err)
	}
	return l, nil
}

// reached returns the address at which this machine reaches a listener. A listener
// on all addresses is reached on loopback, and so is a port of a container that is
// published under the same number.
func reached(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return a.String()
}

// mayReplace returns an error unless a demo may write the store at path: either no
// file is there, or an earlier demo wrote it and anew is set.
func mayReplace(path string, anew bool) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	text, err := os.ReadFile(path + ".yml")
	switch {
	case err != nil || !strings.HasPrefix(string(text), team.ConfigHead):
		return usageError{fmt.Errorf("--store %s exists and no demo wrote it: name a new file", path)}
	case !anew:
		return usageError{fmt.Errorf("--store %s exists: every demo generates a new organisation, so name a new file, or replace this one with --anew", path)}
	}
	return nil
}

// replace removes the store of an earlier demo, if there is one.
func replace(e Env, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	fmt.Fprintf(e.Out, "%s held the organisation of an earlier demo and is replaced: this is another organisation, with its own past\n", path)
	for _, suffix := range []string{"", "-wal", "-shm", ".lock", ".yml", ".token"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("replacing the store of an earlier demo: %w", err)
		}
	}
	return nil
}

// replacePast removes the past that an earlier demo wrote.
func (f *demoFlags) replacePast() error {
	if f.past == "" {
		return nil
	}
	switch _, err := os.Stat(f.past); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if _, err := os.Stat(filepath.Join(f.past, "backfill.json")); !f.anew || err != nil {
		return usageError{fmt.Errorf("--past %s exists: name a new folder, or replace that of an earlier demo with --anew", f.past)}
	}
	return os.RemoveAll(f.past)
}

// demoConfig writes the organisation's config and token beside the store, and
// reads it as any other config is read.
func demoConfig(tm *team.Team, store, jiraURL, token string) (*config.Config, error) {
	store, err := filepath.Abs(store)
	if err != nil {
		return nil, err
	}
	tokenFile := store + ".token"
	if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("writing the demo's token: %w", err)
	}
	text := tm.ConfigYAML(team.Setup{JiraURL: jiraURL, StoreURL: "sqlite:" + store, TokenFile: tokenFile, PollInterval: demoPoll})
	if err := os.WriteFile(store+".yml", []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("writing the demo's config: %w", err)
	}
	return app.LoadDemo(store + ".yml")
}
