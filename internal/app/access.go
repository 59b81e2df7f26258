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
)

// asked is what of a config Jira is asked with, or for.
type asked struct {
	projects, components             []string // keys
	jql, token, email, flavor, proxy string
	certificates                     string // that are trusted beside the system's
}

// askedBy returns what Jira is asked by a config.
func askedBy(cfg *config.Config) asked {
	j := cfg.Jira
	a := asked{projects: j.Projects, components: withComponents(cfg), jql: j.JQL, token: j.Token.Reveal(), email: j.Email, flavor: j.Flavor, proxy: j.ProxyURL}
	if j.CAFile != "" {
		text, err := os.ReadFile(j.CAFile)
		if err != nil {
			text = nil // whoever needs it says so
		}
		a.certificates = j.CAFile + "\n" + string(text)
	}
	return a
}

// NewClient returns a client of the Jira of a config. opts is what the config does
// not say. What is wrong with the config is a ConfigError.
func NewClient(cfg *config.Config, opts jira.Options) (*jira.Client, error) {
	if err := cfg.Jira.RequireToken(); err != nil {
		return nil, inConfig(cfg, err)
	}
	j := cfg.Jira
	opts.URL, opts.Flavor, opts.Email, opts.Token, opts.ProxyURL, opts.CAFile = j.URL, jiradata.Flavor(j.Flavor), j.Email, j.Token.Reveal(), j.ProxyURL, j.CAFile
	opts.Components = withComponents(cfg)
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

// ask asks Jira what every poll by a config needs: that the token is accepted,
// as the account that the store was filled as, and that the projects, but those
// that are known to be lost, and the query exist. It returns what describes
// stories there.
func ask(ctx context.Context, client *jira.Client, cfg *config.Config, st jiradata.State, lost map[string]latency.Instant) (jiradata.Meta, error) {
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
		meta, err := client.Meta(ctx, cfg.Jira.Projects)
		if err != nil {
			return jiradata.Meta{}, err
		}
		unknown := slices.DeleteFunc(slices.Clone(meta.Missing), func(key string) bool { _, ok := lost[key]; return ok })
		if len(unknown) > 0 {
			return jiradata.Meta{}, collector.UnknownProjects(unknown)
		}
		meta.At = id.At
		return meta, TryQuery(ctx, client, cfg.Jira.JQL, id)
	}()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return meta, fmt.Errorf("asking Jira whether it accepts the config: no answer within %s: try again when Jira is up: %w", askTimeout, err)
	case err != nil:
		return meta, fmt.Errorf("asking Jira whether it accepts the config: %w", err)
	}
	return meta, nil
}

// TryQuery asks Jira whether it understands a query: for what was updated since
// an instant of just now, which is next to nothing.
func TryQuery(ctx context.Context, client *jira.Client, jql string, now jiradata.Identity) error {
	if jql == "" {
		return nil
	}
	for _, err := range client.IDs(ctx, jiradata.Query{JQL: jql, Since: now.At}) {
		if err != nil {
			return fmt.Errorf("jira.jql: %w", err)
		}
		break
	}
	return nil
}
