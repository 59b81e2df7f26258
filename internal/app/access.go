package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/redact"
)

// asked is the part of a config that decides what is sent to Jira.
type asked struct {
	projects, components             []string // keys
	jql, token, email, flavor, proxy string
	certificates                     string // trusted in addition to the system's
}

// askedBy returns the part of a config that decides what is sent to Jira.
func askedBy(cfg *config.Config) asked {
	j := cfg.Jira
	a := asked{projects: j.Projects, components: withComponents(cfg), jql: j.JQL, token: j.Token.Reveal(), email: j.Email, flavor: j.Flavor, proxy: j.ProxyURL}
	if j.CAFile != "" {
		text, err := os.ReadFile(j.CAFile)
		if err != nil {
			text = nil // the client reports it
		}
		a.certificates = j.CAFile + "\n" + string(text)
	}
	return a
}

// NewClient returns a client for the Jira of a config. opts holds the options that
// are not in the config. An error in the config is a ConfigError.
func NewClient(cfg *config.Config, opts jira.Options) (*jira.Client, error) {
	if err := cfg.Jira.RequireToken(); err != nil {
		return nil, inConfig(cfg, err)
	}
	j := cfg.Jira
	opts.URL, opts.Flavor, opts.Email, opts.Token, opts.ProxyURL, opts.CAFile = j.URL, jiradata.Flavor(j.Flavor), j.Email, j.Token.Reveal(), j.ProxyURL, j.CAFile
	opts.Components = withComponents(cfg)
	if opts.Redact == nil {
		opts.Redact = redact.New()
	}
	opts.Redact.Add(cfg.Secrets()...)
	client, err := jira.New(opts)
	if err != nil {
		return nil, inConfig(cfg, err)
	}
	return client, nil
}

// withComponents returns the keys of the projects for which a config names owners
// of components.
func withComponents(cfg *config.Config) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(cfg.Projects)) {
		if len(cfg.Projects[key].Components) > 0 {
			keys = append(keys, key)
		}
	}
	return keys
}

// askTimeout bounds how long Jira is asked about a config.
const askTimeout = 30 * time.Second

// ask asks Jira for what every poll by a config needs: that it accepts the token,
// that the account is the one that filled the store, that its clock is not doubted
// now, in this machine's clock, and that the projects and the query exist. Projects
// in lost may be missing. It returns how Jira describes
// itself.
func ask(ctx context.Context, client *jira.Client, cfg *config.Config, st jiradata.State, lost map[string]latency.Instant, now time.Time) (jiradata.Meta, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	meta, err := func() (jiradata.Meta, error) {
		id, err := client.Myself(ctx)
		if err != nil {
			return jiradata.Meta{}, err
		}
		if err := collector.CheckAccount(st, id); err != nil {
			return jiradata.Meta{}, err
		}
		if err := collector.CheckClock(st, id, now); err != nil {
			return jiradata.Meta{}, err
		}
		meta, err := client.Meta(ctx, cfg.Jira.Projects)
		if err != nil {
			return jiradata.Meta{}, err
		}
		unknown := slices.DeleteFunc(slices.Clone(meta.Missing), func(key string) bool { _, ok := lost[key]; return ok })
		if len(unknown) > 0 {
			return jiradata.Meta{}, collector.UnknownProjects(unknown)
		}
		meta.At = id.At
		return meta, client.TryQuery(ctx, cfg.Jira.JQL, id.At)
	}()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return meta, fmt.Errorf("asking Jira whether it accepts the config: no answer within %s; try again when Jira answers: %w", askTimeout, err)
	case err != nil:
		return meta, fmt.Errorf("asking Jira whether it accepts the config: %w", err)
	}
	return meta, nil
}
