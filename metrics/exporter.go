// Package metrics gives the numbers their Prometheus names: those about teams
// and owners from a published report, those about the service itself from
// vectors that it counts in.
package metrics

import (
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yourturn/yourturn/internal/latency"
)

// Exporter is a prometheus.Collector over the report published last. Its
// metrics are made when a report is published, so a scrape costs what its
// series cost, whatever the number of stories; before the first report there is
// no series at all, for absent is not zero.
type Exporter struct {
	published atomic.Pointer[published]

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
	sprintStart, sprintEnd             *prometheus.Desc

	rolling, ownerRolling, projectRolling, samples *prometheus.Desc
	share, stage, blocker, firstPass               *prometheus.Desc
	guards                                         map[latency.EntryType]*prometheus.Desc
}

// published is a report and what a scrape shows of it.
type published struct {
	report  *latency.Report
	metrics []prometheus.Metric
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

		sprintStart: desc("po_sprint_start_timestamp_seconds", "When a sprint began; the last 12 of each project.",
			"project", "sprint"),
		sprintEnd: desc("po_sprint_end_timestamp_seconds", "When a sprint was completed or, until then, is to end; the last 12 of each project.",
			"project", "sprint"),

		rolling: desc("po_wait_rolling_seconds",
			"Working time by which the share q of the waits that ran in the window is responded to, open ones counted as open (Kaplan-Meier); "+
				"+Inf: not reached though some wait is past its target; no series: too early to tell.",
			"kind", "project", "owner", "window", "q"),
		ownerRolling: desc("po_owner_wait_rolling_seconds", "As po_wait_rolling_seconds, over all projects of an owner.",
			"kind", "owner", "window", "q"),
		projectRolling: desc("po_project_wait_rolling_seconds", "As po_wait_rolling_seconds, over all owners of a project.",
			"kind", "project", "window", "q"),
		samples: desc("po_wait_rolling_samples",
			"Waits that ran in the window: responded to (ended), still running (open), or over in another way (censored).",
			"kind", "project", "owner", "window", "state"),
		share: desc("po_cycle_time_share_ratio",
			"Share of the cycle time of an owner's stories in the window in which they stood until the owner acted (bound low), "+
				"or in which anything of the owner's was open (bound high).",
			"project", "owner", "window", "bound"),
		stage: desc("po_stage_seconds",
			"Cycle time, in working time, that a project's stories spent in a stage within the window, unfinished stories included.",
			"project", "stage", "window"),
		blocker: desc("po_largest_blocker",
			"1 on the stage in which a project's stories stood the longest in the window, 0 on the others; no series below 5 stories.",
			"project", "stage", "window"),
		firstPass: desc("po_first_pass_ratio",
			"Share of the stories with a first verdict in the window that were accepted by it; no series without any.",
			"project", "owner", "window"),
		guards: map[latency.EntryType]*prometheus.Desc{
			latency.GuardReopened: desc("po_guard_reopened_total",
				"Stories reopened within 14 days of their acceptance, counted at the reopening, to who owned the acceptance.", "project", "owner"),
			latency.GuardSilentRejection: desc("po_guard_silent_rejections_total",
				"Rejections with no comment of whoever rejected, from 10 minutes before to 10 minutes after.", "project", "owner"),
			latency.GuardInstantAcceptance: desc("po_guard_instant_acceptances_total",
				"Acceptances by the owner or a delegate within 60 seconds of a move in by somebody else.", "project", "owner"),
			latency.GuardAskedAgain: desc("po_guard_asked_again_total",
				"Answers after which the same asker asked again within 8 working hours.", "project", "owner"),
		},
	}
}

// Publish makes r what the next scrape shows.
func (e *Exporter) Publish(r *latency.Report) {
	e.published.Store(&published{report: r, metrics: e.metrics(r)})
}

// Report returns what was published last, or nil.
func (e *Exporter) Report() *latency.Report {
	if p := e.published.Load(); p != nil {
		return p.report
	}
	return nil
}

// Describe implements prometheus.Collector.
func (e *Exporter) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		e.acceptance, e.question, e.acceptanceElapsed, e.questionElapsed, e.ended, e.breached, e.met,
		e.open, e.overdue, e.paused, e.oldest, e.oldestElapsed, e.storyOldest, e.storyOverdue, e.openWait,
		e.slips, e.bypassed, e.target, e.delegation, e.absent, e.ownerInfo, e.audit, e.dataTimestamp, e.sprintStart, e.sprintEnd,
		e.rolling, e.ownerRolling, e.projectRolling, e.samples, e.share, e.stage, e.blocker, e.firstPass,
	} {
		ch <- d
	}
	for _, d := range e.guards {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (e *Exporter) Collect(ch chan<- prometheus.Metric) {
	if p := e.published.Load(); p != nil {
		for _, m := range p.metrics {
			ch <- m
		}
	}
}

// series collects metrics.
type series []prometheus.Metric

func (s *series) gauge(d *prometheus.Desc, v float64, labels ...string) {
	*s = append(*s, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...))
}

func (s *series) counter(d *prometheus.Desc, v uint64, labels ...string) {
	*s = append(*s, prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...))
}

// metrics returns everything that r says.
func (e *Exporter) metrics(r *latency.Report) []prometheus.Metric {
	var out series
	out.gauge(e.dataTimestamp, unix(r.DataTimestamp))
	e.totals(r.Totals, &out)
	e.statistics(r, &out)
	for k, s := range r.Open {
		kind := string(k.Kind)
		out.gauge(e.open, float64(s.Open), kind, k.Project, k.Owner)
		out.gauge(e.overdue, float64(s.Overdue), kind, k.Project, k.Owner)
		out.gauge(e.paused, float64(s.Paused), kind, k.Project, k.Owner)
		out.gauge(e.oldest, seconds(s.Oldest), kind, k.Project, k.Owner)
		out.gauge(e.oldestElapsed, seconds(s.OldestElapsed), kind, k.Project, k.Owner)
	}
	for k, s := range r.Stories {
		out.gauge(e.storyOldest, seconds(s.Oldest), string(k.Kind), k.Project)
		out.gauge(e.storyOverdue, float64(s.Overdue), string(k.Kind), k.Project)
	}
	for _, w := range r.OpenWaits {
		out.gauge(e.openWait, seconds(w.Age), string(w.Kind), w.Project, w.Owner, w.Story)
	}
	for k, target := range r.Targets {
		out.gauge(e.target, seconds(target), string(k.Kind), k.Project)
	}
	for _, d := range r.Delegations {
		out.gauge(e.delegation, 1, d.Owner, d.Delegate)
	}
	for owner, absent := range r.Absent {
		out.gauge(e.absent, float(absent), owner)
	}
	for owner, name := range r.Names {
		out.gauge(e.ownerInfo, 1, owner, name)
	}
	for k, n := range r.Audit {
		out.gauge(e.audit, float64(n), k.Project, k.Reason)
	}
	for _, sp := range r.Sprints {
		out.gauge(e.sprintStart, unix(sp.Start), sp.Project, sp.Name)
		out.gauge(e.sprintEnd, unix(sp.End), sp.Project, sp.Name)
	}
	return out
}

// totals adds the sums over the ledger.
func (e *Exporter) totals(t *latency.Totals, out *series) {
	for k, n := range t.Ended {
		out.counter(e.ended, n, string(k.Kind), k.Project, k.Owner, string(k.Outcome), string(k.Responder))
	}
	for k, h := range t.Latency {
		if k.Kind == latency.Acceptance {
			*out = append(*out, histogram(e.acceptance, h, k.Project, k.Owner, string(k.Outcome), string(k.Responder)))
		} else {
			*out = append(*out, histogram(e.question, h, k.Project, k.Owner, string(k.Responder)))
		}
	}
	for k, h := range t.Elapsed {
		if k.Kind == latency.Acceptance {
			*out = append(*out, histogram(e.acceptanceElapsed, h, k.Project, k.Owner))
		} else {
			*out = append(*out, histogram(e.questionElapsed, h, k.Project, k.Owner))
		}
	}
	for k, n := range t.Breached {
		out.counter(e.breached, n, string(k.Kind), k.Project, k.Owner)
	}
	for k, n := range t.Met {
		out.counter(e.met, n, string(k.Kind), k.Project, k.Owner)
	}
	for project, n := range t.Slips {
		out.counter(e.slips, n, project)
	}
	for project, n := range t.Bypassed {
		out.counter(e.bypassed, n, project)
	}
	for k, n := range t.Guards {
		if d := e.guards[k.Guard]; d != nil {
			out.counter(d, n, k.Project, k.Owner)
		}
	}
}

// statistics adds what is said of the rolling windows.
func (e *Exporter) statistics(r *latency.Report, out *series) {
	windows := latency.Rolling(r.DataTimestamp)
	s := r.Statistics
	for k, d := range s.Waits {
		for _, q := range latency.Quantiles() {
			age, reached, never := d.Quantile(q)
			v := seconds(age)
			switch {
			case never:
				v = math.Inf(1)
			case !reached:
				continue
			}
			share := strconv.FormatFloat(q, 'g', -1, 64)
			switch {
			case k.Project == "":
				out.gauge(e.ownerRolling, v, string(k.Kind), k.Owner, k.Window, share)
			case k.Owner == "":
				out.gauge(e.projectRolling, v, string(k.Kind), k.Project, k.Window, share)
			default:
				out.gauge(e.rolling, v, string(k.Kind), k.Project, k.Owner, k.Window, share)
			}
		}
	}
	for k := range r.Open { // whoever is measured has sample sizes, if only 0
		for _, w := range windows {
			d := s.Waits[latency.WaitsKey{Kind: k.Kind, Project: k.Project, Owner: k.Owner, Window: w.Name}]
			if d == nil {
				d = &latency.Distribution{}
			}
			for state, n := range map[string]int{"ended": d.Ended, "open": d.Open, "censored": d.Censored} {
				out.gauge(e.samples, float64(n), string(k.Kind), k.Project, k.Owner, w.Name, state)
			}
		}
	}
	for k, share := range s.Shares {
		out.gauge(e.share, share.Low(), k.Project, k.Owner, k.Window, "low")
		out.gauge(e.share, share.High(), k.Project, k.Owner, k.Window, "high")
	}
	for project := range r.Totals.Slips { // every project that is watched
		for _, w := range windows {
			blocker, told := s.Blockers[latency.ProjectWindow{Project: project, Window: w.Name}]
			for _, stage := range latency.Stages() {
				out.gauge(e.stage, s.Stages[latency.StageWindow{Project: project, Stage: stage, Window: w.Name}].Seconds(), project, string(stage), w.Name)
				if told && latency.Blocks(stage) {
					out.gauge(e.blocker, float(stage == blocker), project, string(stage), w.Name)
				}
			}
		}
	}
	for k, fp := range s.FirstPass {
		out.gauge(e.firstPass, float64(fp.Accepted)/float64(fp.Stories), k.Project, k.Owner, k.Window)
	}
}

// float is 1 for true.
func float(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// histogram returns h as a classic Prometheus histogram in seconds.
func histogram(d *prometheus.Desc, h *latency.Histogram, labels ...string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(h.Bounds))
	var below uint64
	for i, bound := range h.Bounds {
		below += h.Counts[i]
		buckets[bound.Seconds()] = below
	}
	return prometheus.MustNewConstHistogram(d, h.Count, h.Sum.Seconds(), buckets, labels...)
}

// seconds returns whole milliseconds in Prometheus' base unit.
func seconds(d time.Duration) float64 { return latency.MillisecondsOf(d).Seconds() }

// unix returns an instant in seconds since the Unix epoch.
func unix(i latency.Instant) float64 { return float64(i) / 1000 }
