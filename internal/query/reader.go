// Package query answers questions about a store: which waits there are, what
// happened to one story step by step, what the audit finds, and where stories go
// when they leave acceptance. It reads; it never writes and never asks Jira.
package query

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

// Reader answers questions about a store that has completed a sync.
type Reader struct {
	Store *store.Store
	State jiradata.State // as of when the Reader was made
	Rules *latency.Rules // that waits are derived by
	// Report is what a service has published; nil where there is no service. It says what
	// only the whole store can say.
	Report *latency.Report

	config  *config.Config
	watched []string // keys of the projects of the config; some may not have been read yet
	jira    string   // where people find the Jira
	titles  bool     // the config allows titles
	shared  bool     // the store is not the Reader's own

	nameless func(title string) string // takes away who has a pseudonym
}

// Open opens the store of a config for reading alone. It fails with
// store.ErrEmpty if no sync was completed, and with a NamesError if the Jira that
// the store was read from lacks a name in the config.
func Open(ctx context.Context, cfg *config.Config) (*Reader, error) {
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err != nil {
		return nil, err
	}
	r, err := open(ctx, cfg, st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return r, nil
}

func open(ctx context.Context, cfg *config.Config, st *store.Store) (*Reader, error) {
	state, err := st.State(ctx)
	if err != nil {
		return nil, err
	}
	if !state.FirstDone {
		return nil, store.ErrEmpty
	}
	f, err := Facts(ctx, st)
	if err != nil {
		return nil, err
	}
	made, err := Rules(cfg, f)
	if err != nil {
		return nil, err
	}
	return &Reader{
		Store: st, State: state, Rules: made.Rules, config: cfg, watched: cfg.Jira.Projects, jira: siteOf(cfg, state), titles: cfg.Privacy.Titles, nameless: Nameless(made.Rules),
	}, nil
}

// siteOf returns where people find the Jira of a config: not at jira.url where that is
// a gateway.
func siteOf(cfg *config.Config, state jiradata.State) string {
	if state.SiteURL != "" && state.BaseURL == strings.TrimRight(cfg.Jira.URL, "/") {
		return state.SiteURL
	}
	return cfg.Jira.URL // the store is of another Jira, or Jira has not named its site yet
}

// JiraURL returns where people find the Jira.
func (r *Reader) JiraURL() string { return r.jira }

// Running answers questions about a store that a service has open. It is safe for
// concurrent use.
type Running struct {
	Store *store.Store

	mu       sync.Mutex
	rules    *latency.Rules // that nameless is of
	nameless func(title string) string
}

// Reader returns a Reader by a config in force, as of the data timestamp of a report and
// by its rules; without a report it fails with store.ErrEmpty. Closing it does nothing.
func (r *Running) Reader(ctx context.Context, cfg *config.Config, report *latency.Report) (*Reader, error) {
	if report == nil {
		return nil, store.ErrEmpty
	}
	state, err := r.Store.State(ctx)
	if err != nil {
		return nil, err
	}
	state.DataTimestamp = report.DataTimestamp
	return &Reader{
		Store: r.Store, State: state, Rules: report.Rules(), Report: report, config: cfg, watched: cfg.Jira.Projects, jira: siteOf(cfg, state), titles: cfg.Privacy.Titles,
		nameless: r.namelessBy(report.Rules()), shared: true,
	}, nil
}

// namelessBy returns what takes those who have pseudonyms by rules out of titles. It is
// made once for the rules, because there may be thousands of people.
func (r *Running) namelessBy(rules *latency.Rules) func(title string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rules != rules {
		r.rules, r.nameless = rules, Nameless(rules)
	}
	return r.nameless
}

// Close closes the store, if the Reader opened it.
func (r *Reader) Close() error {
	if r.shared {
		return nil
	}
	return r.Store.Close()
}

// projectKey returns the key of a project, or its id if no rule knows it.
func projectKey(rules *latency.Rules, id string) string {
	if p := rules.Projects[id]; p != nil {
		return p.Key
	}
	return id
}

// Unconfigured returns the keys of the projects in which nothing of acceptance is
// measured because the config does not fit them.
func (r *Reader) Unconfigured() []string {
	var out []string
	for _, p := range r.Rules.Projects {
		if !p.Configured() {
			out = append(out, p.Key)
		}
	}
	slices.Sort(out)
	return out
}

// Project returns the key of the project with an id, or the id if the rules do
// not know it.
func (r *Reader) Project(id string) string { return projectKey(r.Rules, id) }
