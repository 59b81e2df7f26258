// Package metrics gives the numbers their Prometheus names: those about teams
// and owners from a published report, those about the service itself from
// vectors that it counts in.
package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yourturn/yourturn/internal/latency"
)

// Exporter is a prometheus.Collector over the report published last. A scrape
// costs what its series cost, whatever the number of stories; before the first
// report there is no series at all, for absent is not zero.
type Exporter struct {
	report atomic.Pointer[latency.Report]

	acceptance, question               *prometheus.Desc
	acceptanceElapsed, questionElapsed *prometheus.Desc
	ended, breached, met               *prometheus.Desc
	open, overdue, paused              *prometheus.Desc
	oldest, oldestElapsed              *prometheus.Desc
	storyOldest, storyOverdue          *prometheus.Desc
	openWait                           *prometheus.Desc
	slips, bypassed                    *prometheus.Desc
	target                             *prometheus.Desc
	delegation, absent, ownerInfo      *prometheus.Desc
	audit                              *prometheus.Desc
	dataTimestamp                      *prometheus.Desc
}

// NewExporter returns an exporter with nothing published.
func NewExporter() *Exporter {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &Exporter{
		acceptance: desc("po_acceptance_latency_seconds",
			"Working time from entering acceptance to the verdict, on the owner's clock.",
			"project", "owner", "outcome", "responder"),
		question: desc("po_question_response_latency_seconds",
			"Working time from a question to its answer, on the owner's clock.",
			"project", "owner", "responder"),
		acceptanceElapsed: desc("po_acceptance_latency_elapsed_seconds",
			"Wall time from entering acceptance to the verdict, without pauses, on the owner's clock.",
			"project", "owner"),
		questionElapsed: desc("po_question_response_latency_elapsed_seconds",
			"Wall time from a question to its answer, on the owner's clock.",
			"project", "owner"),
		ended: desc("po_waits_ended_total",
			"Waits, or one owner's part of them, that ended; by how and by whom.",
			"kind", "project", "owner", "outcome", "responder"),
		breached: desc("po_waits_breached_total",
			"Waits whose owner's clock passed the target, counted once at that instant.",
			"kind", "project", "owner"),
		met: desc("po_waits_met_total",
			"Waits that ended with a verdict or an answer before the target.",
			"kind", "project", "owner"),
		open: desc("po_waits_open", "Waits that are open as of the data timestamp.",
			"kind", "project", "owner"),
		overdue: desc("po_waits_overdue", "Open waits whose owner's clock is past the target.",
			"kind", "project", "owner"),
		paused: desc("po_waits_paused", "Open waits whose clock stands.",
			"kind", "project", "owner"),
		oldest: desc("po_wait_oldest_seconds",
			"Working time of the longest open wait on the owner's clock; 0 when nothing is open.",
			"kind", "project", "owner"),
		oldestElapsed: desc("po_wait_oldest_elapsed_seconds",
			"Wall time of the longest open wait on the owner's clock; 0 when nothing is open.",
			"kind", "project", "owner"),
		storyOldest: desc("po_story_wait_oldest_seconds",
			"Working time of the longest open wait on the story's clock, which no hand-over restarts.",
			"kind", "project"),
		storyOverdue: desc("po_stories_overdue", "Open waits whose story's clock is past the target.",
			"kind", "project"),
		openWait: desc("po_open_wait_seconds",
			"Working time of an open wait on the story's clock; the oldest of each owner and kind alone.",
			"kind", "project", "owner", "story"),
		slips: desc("po_slips_total", "Moves across the border of acceptance that were undone at once.",
			"project"),
		bypassed: desc("po_acceptance_bypassed_total", "Stories that were done with no acceptance step.",
			"project"),
		target: desc("po_wait_target_seconds", "The target of a wait, in working time.",
			"kind", "project"),
		delegation: desc("po_delegation_active", "1 while a delegate answers for an owner.",
			"owner", "delegate"),
		absent: desc("po_owner_absent", "1 while a configured owner is absent, else 0.",
			"owner"),
		ownerInfo: desc("po_owner_info", "The name of an owner, to be joined on the label owner.",
			"owner", "display_name"),
		audit: desc("po_audit_findings", "Odd things found in the data, which is shown and not dropped.",
			"project", "reason"),
		dataTimestamp: desc("yourturn_data_timestamp_seconds",
			"The start, in Jira's clock, of the last complete poll: every number is as of it."),
	}
}

// Publish makes r what the next scrape shows.
func (e *Exporter) Publish(r *latency.Report) { e.report.Store(r) }

// Report returns what was published last, or nil.
func (e *Exporter) Report() *latency.Report { return e.report.Load() }

// Describe implements prometheus.Collector.
func (e *Exporter) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		e.acceptance, e.question, e.acceptanceElapsed, e.questionElapsed, e.ended, e.breached, e.met,
		e.open, e.overdue, e.paused, e.oldest, e.oldestElapsed, e.storyOldest, e.storyOverdue, e.openWait,
		e.slips, e.bypassed, e.target, e.delegation, e.absent, e.ownerInfo, e.audit, e.dataTimestamp,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (e *Exporter) Collect(ch chan<- prometheus.Metric) {
	r := e.report.Load()
	if r == nil {
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(e.dataTimestamp, seconds(int64(r.DataTimestamp)))
	e.collectTotals(r.Totals, ch, counter)
	for k, s := range r.Open {
		kind := string(k.Kind)
		gauge(e.open, float64(s.Open), kind, k.Project, k.Owner)
		gauge(e.overdue, float64(s.Overdue), kind, k.Project, k.Owner)
		gauge(e.paused, float64(s.Paused), kind, k.Project, k.Owner)
		gauge(e.oldest, seconds(s.Oldest), kind, k.Project, k.Owner)
		gauge(e.oldestElapsed, seconds(s.OldestElapsed), kind, k.Project, k.Owner)
	}
	for k, s := range r.Stories {
		gauge(e.storyOldest, seconds(s.Oldest), string(k.Kind), k.Project)
		gauge(e.storyOverdue, float64(s.Overdue), string(k.Kind), k.Project)
	}
	for _, w := range r.OpenWaits {
		gauge(e.openWait, seconds(w.Msec), string(w.Kind), w.Project, w.Owner, w.Story)
	}
	for k, msec := range r.Targets {
		gauge(e.target, seconds(msec), string(k.Kind), k.Project)
	}
	for _, d := range r.Delegations {
		gauge(e.delegation, 1, d.Owner, d.Delegate)
	}
	for owner, absent := range r.Absent {
		v := 0.0
		if absent {
			v = 1
		}
		gauge(e.absent, v, owner)
	}
	for owner, name := range r.Names {
		gauge(e.ownerInfo, 1, owner, name)
	}
	for k, n := range r.Audit {
		gauge(e.audit, float64(n), k.Project, k.Reason)
	}
}

// collectTotals sends the sums over the ledger.
func (e *Exporter) collectTotals(t *latency.Totals, ch chan<- prometheus.Metric, counter func(*prometheus.Desc, uint64, ...string)) {
	for k, n := range t.Ended {
		counter(e.ended, n, string(k.Kind), k.Project, k.Owner, string(k.Outcome), string(k.Responder))
	}
	for k, h := range t.Latency {
		if k.Kind == latency.Acceptance {
			ch <- histogram(e.acceptance, h, k.Project, k.Owner, string(k.Outcome), string(k.Responder))
		} else {
			ch <- histogram(e.question, h, k.Project, k.Owner, string(k.Responder))
		}
	}
	for k, h := range t.Elapsed {
		if k.Kind == latency.Acceptance {
			ch <- histogram(e.acceptanceElapsed, h, k.Project, k.Owner)
		} else {
			ch <- histogram(e.questionElapsed, h, k.Project, k.Owner)
		}
	}
	for k, n := range t.Breached {
		counter(e.breached, n, string(k.Kind), k.Project, k.Owner)
	}
	for k, n := range t.Met {
		counter(e.met, n, string(k.Kind), k.Project, k.Owner)
	}
	for project, n := range t.Slips {
		counter(e.slips, n, project)
	}
	for project, n := range t.Bypassed {
		counter(e.bypassed, n, project)
	}
}

// histogram returns h as a classic Prometheus histogram in seconds.
func histogram(d *prometheus.Desc, h *latency.Histogram, labels ...string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(h.Bounds))
	var below uint64
	for i, bound := range h.Bounds {
		below += h.Counts[i]
		buckets[bound.Seconds()] = below
	}
	return prometheus.MustNewConstHistogram(d, h.Count, seconds(h.SumMsec), buckets, labels...)
}

// seconds returns milliseconds in Prometheus' base unit.
func seconds(msec int64) float64 { return float64(msec) / 1000 }
