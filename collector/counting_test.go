package collector_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/rules"
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
	c.engine.ConfirmBy(func(ctx context.Context, ids []int64) (changed []int64, err error) {
		changed, c.held = c.collector.Reread(ctx, ids)
		return changed, c.held
	})
	return c, nil
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
	var facts rules.Facts
	var errs [4]error
	facts.Meta, errs[0] = c.store.Meta(ctx)
	facts.Users, errs[1] = c.store.Users(ctx)
	facts.Leads, errs[2] = c.store.Leads(ctx)
	facts.Resolved, errs[3] = c.store.Resolved(ctx)
	if err := errors.Join(errs[:]...); err != nil {
		return false, err
	}
	r := rules.New(c.config, facts)
	if bad := r.Errors(); len(bad) > 0 {
		return false, fmt.Errorf("the config does not fit: %v", bad)
	}
	if err := c.store.SaveResolved(ctx, r.Resolved); err != nil {
		return false, err
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
