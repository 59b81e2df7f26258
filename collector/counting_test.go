package collector_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

// countingConfig is what the numbers of a world are derived by.
const countingConfig = `
jira: {url: "https://jira.example", flavor: datacenter, projects: [PAY, OPS]}
calendar: {time_zone: Europe/Berlin, hours: {mon-fri: ["09:00-17:00"]}}
defaults: {acceptance_statuses: [PO Review], question_statuses: [], targets: {acceptance: 1h, question: 1h}}
projects: {PAY: {owner: po}, OPS: {owner: po}}
owners: {po: {accounts: [acc-po, JIRAUSER-po]}}
`

// counting derives numbers and counts after each cycle, as the service does.
type counting struct {
	store     *store.Store
	collector *collector.Collector
	engine    *measure.Engine
	config    *config.Config
	report    *latency.Report // nil: not yet
	checks    error           // why a check of the last turn failed
	held      error           // why it counted nothing that was to be confirmed
}

// newCounting returns what counts into a store. Its collector must be set before
// the first turn.
func newCounting(st *store.Store) (*counting, error) {
	cfg, err := config.Parse("counting.yml", []byte(countingConfig), func(string) string { return "t0k3n" })
	if err != nil {
		return nil, err
	}
	c := &counting{store: st, engine: measure.NewEngine(st, 20), config: cfg}
	c.engine.KeepAs("a build")
	c.engine.ConfirmBy(func(ctx context.Context, ids []int64) (changed []int64, err error) {
		changed, c.held = c.collector.Reread(ctx, ids)
		return changed, c.held
	})
	return c, nil
}

// rulesOf returns the rules by a config and what a store knows of its Jira.
func rulesOf(ctx context.Context, st *store.Store, cfg *config.Config) (*rules.Result, error) {
	var facts rules.Facts
	var errs [4]error
	facts.Meta, errs[0] = st.Meta(ctx)
	facts.Users, errs[1] = st.Users(ctx)
	facts.Leads, errs[2] = st.Leads(ctx)
	facts.Resolved, errs[3] = st.Resolved(ctx)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	r := rules.New(cfg, facts)
	if bad := r.Errors(); len(bad) > 0 {
		return nil, fmt.Errorf("the config does not fit: %v", bad)
	}
	return r, nil
}

// uncounted is a store to which a derivation writes nothing.
type uncounted struct{ *store.Store }

func (uncounted) Count(context.Context, []latency.Entry, latency.Standing, bool, *jiradata.Kept) ([]latency.Entry, error) {
	return nil, nil
}

// keepsTheTruth fails unless what a store keeps of the last derivation, if it is used, is
// what every story comes to. It reports whether it is used.
func keepsTheTruth(t *testing.T, path string) bool {
	t.Helper()
	st, err := store.Open(t.Context(), stack.StoreURL(t, path), store.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	state, err := st.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !state.FirstDone {
		return false
	}
	c, err := newCounting(st)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rulesOf(t.Context(), st, c.config)
	if err != nil {
		t.Fatal(err)
	}
	kept := measure.NewEngine(uncounted{st}, 20)
	kept.KeepAs("a build")
	got, err := kept.Restore(t.Context(), r.Rules, rules.Fingerprint(c.config), state.DataTimestamp)
	if errors.Is(err, measure.ErrDoubt) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	want, err := measure.NewEngine(uncounted{st}, 20).Load(t.Context(), r.Rules, rules.Fingerprint(c.config), state.DataTimestamp, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown := func(r *latency.Report) []any {
		return []any{r.Totals.Ended, r.Totals.Breached, r.Totals.Met, r.Totals.Guards, r.Totals.Slips, r.Totals.Bypassed, r.Open, r.Stories, r.Audit, r.Asked, r.Waiting, r.Moved, r.Odd}
	}
	if diff := cmp.Diff(shown(want), shown(got), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("what is kept (-of every story +kept):\n%s", diff)
	}
	return true
}

// openQuestions returns the stories that show an open question.
func (c *counting) openQuestions(context.Context) ([]int64, error) {
	if c.report == nil {
		return nil, nil
	}
	return c.report.Asked, nil
}

// turn runs a cycle, derives and counts. It reports whether that left nothing to do.
func (c *counting) turn(ctx context.Context) (done bool, err error) {
	c.checks, c.held = nil, nil
	res, err := c.collector.Sync(ctx)
	if err != nil {
		return false, err
	}
	c.checks = res.Checks.Err
	r, err := rulesOf(ctx, c.store, c.config)
	if err != nil {
		return false, err
	}
	if err := c.store.SaveResolved(ctx, r.Resolved); err != nil {
		return false, err
	}
	if c.report == nil && !res.Full { // a start
		if c.report, err = c.engine.Restore(ctx, r.Rules, rules.Fingerprint(c.config), res.AsOf); err != nil && !errors.Is(err, measure.ErrDoubt) {
			return false, err
		}
	}
	if c.report == nil || res.Full {
		if c.report, err = c.engine.Load(ctx, r.Rules, rules.Fingerprint(c.config), res.AsOf, nil); err != nil {
			return false, err
		}
		res.Changed = nil
	}
	c.engine.Rename(r.Rules)
	if c.report, err = c.engine.Refresh(ctx, res.Changed, res.AsOf); err != nil {
		return false, err
	}
	return res.Checks.Err == nil && !c.engine.Unconfirmed(), nil
}
