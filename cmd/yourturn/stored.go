package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
)

// configFlag adds the flag that names the config.
func configFlag(flags *pflag.FlagSet, path *string) {
	flags.StringVar(path, "config.file", "yourturn.yml", "the config `file`")
}

// loadConfig reads the config; what is wrong with it is wrong usage.
func loadConfig(path string) (*config.Config, error) {
	cfg, err := config.Load(path)
	if err != nil {
		return nil, usageError{err}
	}
	if err := cfg.Unsupported(); err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

// stored is a store that has completed a sync, with the rules to read it by.
type stored struct {
	cfg   *config.Config
	store *store.Store
	state jiradata.State
	rules *latency.Rules
}

// openStored opens the store of a config for reading alone.
func openStored(ctx context.Context, configFile string) (*stored, error) {
	cfg, err := loadConfig(configFile)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err != nil {
		return nil, err
	}
	s := &stored{cfg: cfg, store: st}
	s.state, err = st.State(ctx)
	if err == nil && !s.state.FirstDone {
		err = store.ErrEmpty
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	f, err := facts(ctx, st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	r, err := concrete(cfg, f)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	s.rules = r.Rules
	return s, nil
}

// namesError is an error of names in the config that this Jira does not have.
type namesError struct {
	file     string
	problems []string
}

func (e namesError) Error() string {
	return fmt.Sprintf("%s: this Jira does not have what the config names:\n%s", e.file, strings.Join(e.problems, "\n"))
}

// facts reads what is known of the Jira from the store. Projects of which it
// may hold a part alone are left out: a full sync brings them.
func facts(ctx context.Context, st *store.Store) (rules.Facts, error) {
	var f rules.Facts
	var all error
	state, err := st.State(ctx)
	all = errors.Join(all, err)
	f.Meta, err = st.Meta(ctx)
	all = errors.Join(all, err)
	if len(state.Complete) > 0 {
		f.Meta.Projects = slices.DeleteFunc(f.Meta.Projects, func(p jiradata.Project) bool { return !slices.Contains(state.Complete, p.ID) })
	}
	f.Users, err = st.Users(ctx)
	all = errors.Join(all, err)
	f.Leads, err = st.Leads(ctx)
	all = errors.Join(all, err)
	f.Resolved, err = st.Resolved(ctx)
	return f, errors.Join(all, err)
}

// concrete makes the config's rules for the Jira that facts describe. Names
// that the Jira does not have are a namesError.
func concrete(cfg *config.Config, f rules.Facts) (*rules.Result, error) {
	r := rules.New(cfg, f)
	if bad := r.Errors(); len(bad) > 0 {
		e := namesError{file: cfg.File()}
		for _, p := range bad {
			e.problems = append(e.problems, place(cfg, p))
		}
		return nil, e
	}
	return r, nil
}

// place renders a problem with its line.
func place(cfg *config.Config, p rules.Problem) string {
	if line := cfg.Line(p.Key); line > 0 {
		return fmt.Sprintf("%s:%d: %s", cfg.File(), line, p)
	}
	return fmt.Sprintf("%s: %s", cfg.File(), p)
}
