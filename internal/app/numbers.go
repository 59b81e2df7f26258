package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/metrics"
)

// numbers derives the numbers from the store and publishes them. It owns the
// engine, the rules in force, and what is published. Only the poller's goroutine
// may use it, but for report, prepare and stopNoting, which are safe for concurrent use.
type numbers struct {
	*inForce
	log      *zap.Logger
	store    *store.Store
	self     *metrics.Self
	status   *status
	exporter *metrics.Exporter
	scraped  bool   // what is published can be scraped
	exposed  bool   // the store knows that
	first    func() // is called when that is so for the first time; may be nil

	replicas bool // several processes have the store
	whole    bool // every story was derived since numbers were published

	counting     counting
	verification *verification // of a start from what was kept; nil: none is under way
	uncompared   bool          // the numbers began with what was kept, and nobody has compared them

	engine *measure.Engine
	binary string         // identifies the program, for what is kept of a derivation; "": nothing is kept
	rules  *latency.Rules // in force; nil: the next derivation is a whole one
	facts  *rules.Facts   // that they were made from; nil: likewise

	audited      map[string]int // what the audit had found by the last report, by reason
	unconfigured []string       // the projects that had no acceptance step by then
}

// newNumbers returns the numbers of a store, by the config in force. replicas says that
// several processes have the store; first may be nil, and is called once there is something
// to scrape.
func newNumbers(config *inForce, log *zap.Logger, st *store.Store, self *metrics.Self, status *status, replicas bool, first func()) *numbers {
	return &numbers{inForce: config, log: log, store: st, self: self, status: status, replicas: replicas, first: first, exporter: metrics.NewExporter(), binary: binary()}
}

// report returns what is published, or nil if nothing is yet.
func (n *numbers) report() *latency.Report { return n.exporter.Report() }

// adopt begins anew by the config in force. confirm reads stories by id once more, before
// what happened to them is counted.
func (n *numbers) adopt(confirm func(context.Context, []int64) ([]int64, error)) {
	n.unverified()
	n.engine = measure.NewEngine(n.store, n.cfg().Metrics.OpenWaitsPerOwner)
	n.engine.ConfirmBy(confirm)
	n.exporter.LeaveOut(n.cfg().Metrics.LeftOut())
	n.uncompared = false
	n.forget()
}

// forget makes the next derivation a whole one.
func (n *numbers) forget() { n.rules, n.facts = nil, nil }

// show publishes the old numbers while another scope still has to be read. It uses
// the projects that the store holds completely, and counts nothing.
func (n *numbers) show(ctx context.Context, asOf latency.Instant) error {
	now, err := query.Facts(ctx, n.store)
	if err != nil {
		return err
	}
	r, err := query.Rules(n.cfg(), now)
	if err != nil {
		return err
	}
	if err := n.rename(ctx, asOf); err != nil {
		return err
	}
	report, err := n.engine.Show(ctx, r.Rules, asOf, n.derived)
	if err != nil {
		return err
	}
	n.whole = true
	n.forget()
	n.warn(r.Problems)
	return n.publish(ctx, report)
}

// measure derives the numbers anew after a cycle and publishes them. Jira can be
// asked now, so all that is final is counted.
func (n *numbers) measure(ctx context.Context, res collector.Result) error {
	n.counting.mu.Lock()
	defer n.counting.mu.Unlock()
	n.counting.note(res.Changed)
	whole, err := n.derive(ctx, res, false)
	if err == nil && whole && n.engine.Unconfirmed() {
		var report *latency.Report
		if report, err = n.engine.Refresh(ctx, nil, res.AsOf); err == nil {
			err = n.publish(ctx, report)
		}
	}
	if err != nil {
		return err
	}
	return n.compare(ctx, res.AsOf)
}

// deriveEverything derives the numbers from every story and publishes them.
func (n *numbers) deriveEverything(ctx context.Context, asOf latency.Instant) (whole bool, err error) {
	return n.derive(ctx, collector.Result{AsOf: asOf, Full: true}, false)
}

// resume derives the numbers as of an instant and publishes them, from what is kept of
// the last derivation if that is possible.
func (n *numbers) resume(ctx context.Context, asOf latency.Instant) error {
	_, err := n.derive(ctx, collector.Result{AsOf: asOf, Full: true}, true)
	return err
}

// derive derives the numbers from the store and publishes them. It reports
// whether all of them were derived, during which Jira is not asked. kept allows it to
// begin with what is kept of the last derivation.
func (n *numbers) derive(ctx context.Context, res collector.Result, kept bool) (whole bool, err error) {
	now, err := n.factsNow(ctx)
	if err != nil {
		return false, err
	}
	if !res.Full && n.facts != nil && reflect.DeepEqual(now, *n.facts) {
		report, err := n.refresh(ctx, res)
		if err != nil {
			return false, err
		}
		return false, n.publish(ctx, report)
	}
	r, err := query.Rules(n.cfg(), now)
	if err != nil {
		return false, err
	}
	if err := n.noteNames(ctx, r); err != nil {
		return false, err
	}
	if now.Resolved, err = n.store.Resolved(ctx); err != nil {
		return false, err
	}
	n.engine.KeepAs(identity(n.binary, n.cfg(), now))
	var report *latency.Report
	if !res.Full && n.rules != nil && rules.SameReading(n.rules, r.Rules) {
		n.engine.Rename(r.Rules)
		report, err = n.refresh(ctx, res)
	} else {
		whole = true
		if err := n.renewLedger(ctx, res.AsOf); err != nil {
			return false, err
		}
		if err := n.rename(ctx, res.AsOf); err != nil {
			return false, err
		}
		report, err = n.everything(ctx, r.Rules, res.AsOf, kept)
	}
	if err != nil {
		return false, err
	}
	n.rules = r.Rules
	n.warn(r.Problems)
	n.facts = &now
	return whole, n.publish(ctx, report)
}

// refresh derives the numbers from what is known and what has changed.
func (n *numbers) refresh(ctx context.Context, res collector.Result) (*latency.Report, error) {
	n.self.Observe(metrics.Derivation{From: metrics.FromChanges})
	return n.engine.Refresh(ctx, res.Changed, res.AsOf)
}

// everything derives the numbers from the whole store, or, if kept allows it, from what
// is kept of the last derivation and what was written since.
func (n *numbers) everything(ctx context.Context, r *latency.Rules, asOf latency.Instant, kept bool) (*latency.Report, error) {
	fingerprint, from := rules.Fingerprint(n.cfg()), metrics.FromStories
	if err := n.putInForce(ctx); err != nil {
		return nil, err
	}
	if kept {
		report, err := n.engine.Restore(ctx, r, fingerprint, asOf)
		if !errors.Is(err, measure.ErrDoubt) {
			n.self.Observe(metrics.Derivation{From: metrics.FromKept})
			n.uncompared = err == nil
			return report, err
		}
		level := zap.InfoLevel
		if !errors.Is(err, store.ErrNotKept) && !errors.Is(err, measure.ErrOther) {
			level, from = zap.WarnLevel, metrics.FromDoubt
		}
		n.log.Log(level, "every story is derived anew: what is kept of the last derivation cannot be used", zap.Error(err))
	}
	n.self.Observe(metrics.Derivation{From: from})
	n.uncompared, n.whole = false, true
	return n.engine.Load(ctx, r, fingerprint, asOf, n.derived)
}

// putInForce notes that the store is written to by the config from now on, so that replicas
// with an earlier one do not.
func (n *numbers) putInForce(ctx context.Context) error {
	if !n.replicas {
		return nil
	}
	if err := n.store.PutInForce(ctx, decides(n.cfg())); err != nil {
		return fmt.Errorf("noting which config is in force: %w", err)
	}
	return nil
}

// identity returns what a derivation depends on beside the stories, the ledger and the
// instant; "" if the program, which binary identifies, cannot be told from another build.
func identity(binary string, cfg *config.Config, facts rules.Facts) string {
	if binary == "" {
		return ""
	}
	return fmt.Sprintf("%s/%s/%d/%s", binary, rules.Fingerprint(cfg), jiradata.Reading, facts.Digest())
}

// renewLedger begins a new ledger where the config was changed within a day of the
// first complete sync: the first guess must not stay in the counters.
func (n *numbers) renewLedger(ctx context.Context, asOf latency.Instant) error {
	ledger, err := query.LedgerBy(ctx, n.store, n.cfg())
	if err != nil {
		return fmt.Errorf("reading where the ledger stands: %w", err)
	}
	if !ledger.Renewed(asOf) {
		return nil
	}
	n.log.Warn("the config, or the version of the rules, has changed within 24 hours of the first complete sync: a new ledger begins, and every counter starts again from the whole history",
		zap.Time("former_ledger", ledger.Start.Time()), zap.Time("later_only_by_sync_recount_from", ledger.RenewedUntil.Time()))
	return n.store.NewLedger(ctx)
}

// rename begins a new ledger start where people are called otherwise than before.
// What was counted stays counted, under other labels.
func (n *numbers) rename(ctx context.Context, asOf latency.Instant) error {
	renamed, err := n.store.Rename(ctx, rules.Naming(n.cfg()), asOf)
	if err != nil {
		return fmt.Errorf("noting what people are called: %w", err)
	}
	if renamed {
		n.log.Warn("owners have other labels than before (privacy.pseudonyms, privacy.per_owner): a new ledger start tells the series apart; nothing is counted again")
	}
	return nil
}

// derived shows how far a whole derivation has come.
func (n *numbers) derived(stories int) {
	n.status.alive(n.cfg().Jira.PollInterval)
	if n.report() == nil {
		n.status.progress(fmt.Sprintf("deriving the numbers: %d stories are done", stories))
	}
}

// publish publishes a report.
func (n *numbers) publish(ctx context.Context, report *latency.Report) error {
	if n.scraped && !n.exposed { // from now on there is something to scrape, which backfill must know
		n.exposed = true
		if err := n.store.Expose(ctx, latency.At(time.Now())); err != nil {
			return err
		}
		if n.first != nil {
			defer n.first()
		}
	}
	if err := n.store.SaveTargets(ctx, report.Targets, report.DataTimestamp); err != nil {
		return fmt.Errorf("noting since when targets hold: %w", err)
	}
	n.put(report)
	revision, err := n.store.Publish(ctx, report.DataTimestamp, n.whole)
	if err != nil {
		return fmt.Errorf("telling other replicas of the numbers: %w", err)
	}
	n.whole = false
	if n.replicas {
		n.self.Observe(metrics.Replica{Writes: true, Revision: revision})
	}
	return nil
}

// put puts a report in the place of what is published, and logs what is new in it.
func (n *numbers) put(report *latency.Report) {
	n.exporter.Publish(report)
	n.logAudit(report)
	n.logUnconfigured(report)
}

// auditByReason returns how many findings of each reason the audit has.
func auditByReason(report *latency.Report) map[string]int {
	found := map[string]int{}
	for k, count := range report.Audit {
		found[k.Reason] += count
	}
	return found
}

// logAudit logs what the audit found since the last report and may make numbers
// wrong.
func (n *numbers) logAudit(report *latency.Report) {
	found := auditByReason(report)
	for _, r := range measure.Reasons() {
		if count, before := found[r.Code], n.audited[r.Code]; r.Doubtful && count > before {
			n.log.Warn("the audit found something that may make the numbers wrong: yourturn waits --audit lists it",
				zap.String("reason", r.Code), zap.String("meaning", r.Meaning), zap.Int("findings", count), zap.Int("before", before))
		}
	}
	n.audited = found
}

// logUnconfigured logs, once per change, in which projects nothing of acceptance is
// measured because the config does not fit them.
func (n *numbers) logUnconfigured(report *latency.Report) {
	var none []string
	for project, fits := range report.Configured {
		if !fits {
			none = append(none, project)
		}
	}
	slices.Sort(none)
	switch {
	case slices.Equal(none, n.unconfigured):
		return
	case len(none) == 0:
		n.log.Info("every project has an acceptance step now")
	default:
		n.log.Warn("no acceptance step is configured in some projects: none of their acceptance_statuses is in the workflow, and acceptance is not measured there; "+
			"yourturn check --online lists the statuses, and acceptance_statuses: [] says that a project has no such step", zap.Strings("projects", none))
	}
	n.unconfigured = none
}

// warn logs and counts the names in the config that this Jira does not have, or
// has several times.
func (n *numbers) warn(problems []rules.Problem) {
	count := 0
	for _, p := range problems {
		if p.Warning {
			count++
			n.log.Warn("the config names what this Jira does not have, or has several times", zap.String("where", query.Place(n.cfg(), p)))
		}
	}
	n.self.Observe(metrics.ConfigWarnings(count))
}
