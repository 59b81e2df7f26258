package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
)

// NamesError lists the names in a config that a Jira does not have.
type NamesError struct {
	file     string
	problems []string
}

func (e NamesError) Error() string {
	return fmt.Sprintf("%s: this Jira does not have what the config names:\n%s", e.file, strings.Join(e.problems, "\n"))
}

// Facts reads from the store what it knows about the Jira. It leaves out the
// projects that the store may hold only in part: a full sync adds them.
func Facts(ctx context.Context, st *store.Store) (rules.Facts, error) {
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

// Rules makes the config's rules for the Jira that the facts describe. It fails
// with a NamesError if that Jira lacks a name in the config.
func Rules(cfg *config.Config, f rules.Facts) (*rules.Result, error) {
	r := rules.New(cfg, f)
	if bad := r.Errors(); len(bad) > 0 {
		e := NamesError{file: cfg.File()}
		for _, p := range bad {
			e.problems = append(e.problems, Place(cfg, p))
		}
		return nil, e
	}
	return r, nil
}

// Place renders a problem of a config with its file and line.
func Place(cfg *config.Config, p rules.Problem) string {
	if line := cfg.Line(p.Key); line > 0 {
		return fmt.Sprintf("%s:%d: %s", cfg.File(), line, p)
	}
	return fmt.Sprintf("%s: %s", cfg.File(), p)
}
