package metrics

import (
	"math"
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// reportMetric is a metric of the report: its definition, and how its series
// come out of a report.
type reportMetric struct {
	Definition
	emit func(*latency.Report, series)
}

// reportMetrics is the table of the metrics of the report. A new metric is an entry
// here, and nothing else in this package.
func reportMetrics() []reportMetric {
	owner := labels("project", "owner")
	wait := labels("kind", "project", "owner")
	project := labels("kind", "project")
	openWait := labels("kind", "project", "owner", "story")
	return []reportMetric{
		// Sums over the ledger: each thing is counted once.
		histogram("po_acceptance_latency_seconds", labels("project", "owner", "outcome", "responder"),
			"Working time from entering acceptance to the verdict, on the owner's clock.",
			func(r *latency.Report, s series) {
				for k, h := range r.Totals.Latency {
					if k.Kind == latency.Acceptance {
						s.histogram(h, k.Project, k.Owner, string(k.Outcome), string(k.Responder))
					}
				}
			}),
		histogram("po_question_response_latency_seconds", labels("project", "owner", "responder"),
			"Working time from a question to its answer, on the owner's clock.",
			func(r *latency.Report, s series) {
				for k, h := range r.Totals.Latency {
					if k.Kind == latency.Question {
						s.histogram(h, k.Project, k.Owner, string(k.Responder))
					}
				}
			}),
		histogram("po_acceptance_latency_elapsed_seconds", owner,
			"Wall time from entering acceptance to the verdict, without pauses, on the owner's clock.",
			elapsed(latency.Acceptance)),
		histogram("po_question_response_latency_elapsed_seconds", owner,
			"Wall time from a question to its answer, on the owner's clock.",
			elapsed(latency.Question)),
		counter("po_waits_ended_total", labels("kind", "project", "owner", "outcome", "responder"),
			"Waits that ended, by outcome and responder. A hand-over ends one owner's part of a wait (outcome handed_over), and each part counts.",
			func(r *latency.Report, s series) {
				for k, n := range r.Totals.Ended {
					s.add(float64(n), string(k.Kind), k.Project, k.Owner, string(k.Outcome), string(k.Responder))
				}
			}),
		counter("po_waits_breached_total", wait,
			"Waits whose owner's clock passed the target, counted once at that instant. A wait that is handed over gets a new clock, and can count again for the next owner.",
			counted(func(t *latency.Totals) map[latency.Key]uint64 { return t.Breached })),
		counter("po_waits_met_total", wait,
			"Waits that got a verdict or an answer before their owner's clock passed the target.",
			counted(func(t *latency.Totals) map[latency.Key]uint64 { return t.Met })),
		counter("po_slips_total", labels("project"),
			"Moves into or out of acceptance that were undone within the slip window.",
			byProject(func(t *latency.Totals) map[string]uint64 { return t.Slips })),
		counter("po_acceptance_bypassed_total", labels("project"),
			"Stories that were done without an acceptance wait, or that others accepted within 60 seconds after they moved them into acceptance.",
			byProject(func(t *latency.Totals) map[string]uint64 { return t.Bypassed })),
		counter("po_guard_reopened_total", owner,
			"Stories reopened within 14 days of their acceptance. They count at the reopening, under the owner of that acceptance wait.",
			guarded(latency.GuardReopened)),
		counter("po_guard_silent_rejections_total", owner,
			"Rejections for which whoever rejected wrote no comment from 10 minutes before to 10 minutes after.",
			guarded(latency.GuardSilentRejection)),
		counter("po_guard_instant_acceptances_total", owner,
			"Acceptances by the owner or a delegate within 60 seconds after somebody else moved the story into acceptance.",
			guarded(latency.GuardInstantAcceptance)),
		counter("po_guard_asked_again_total", owner,
			"Answers after which the same asker asked again within 8 working hours.",
			guarded(latency.GuardAskedAgain)),

		// Waits that are open as of the data timestamp.
		gauge("po_waits_open", wait, "Open waits.",
			open(func(o latency.OpenState) float64 { return float64(o.Open) })),
		gauge("po_waits_overdue", wait, "Open waits whose owner's clock is past the target.",
			open(func(o latency.OpenState) float64 { return float64(o.Overdue) })),
		gauge("po_waits_paused", wait, "Open waits whose clock is stopped.",
			open(func(o latency.OpenState) float64 { return float64(o.Paused) })),
		gauge("po_waits_forgotten", wait,
			"Open waits that are older than 10 targets on the story's clock and on whose story nothing has happened for 15 working days of the project. "+
				"They count in every other number, except that po_open_wait_seconds leaves them out.",
			open(func(o latency.OpenState) float64 { return float64(o.Forgotten) })),
		gauge("po_wait_oldest_seconds", wait, "Working time of the longest open wait, on the owner's clock; 0 if none is open.",
			open(func(o latency.OpenState) float64 { return seconds(o.Oldest) })),
		gauge("po_wait_oldest_elapsed_seconds", wait, "Wall time of the longest open wait, on the owner's clock; 0 if none is open.",
			open(func(o latency.OpenState) float64 { return seconds(o.OldestElapsed) })),
		gauge("po_story_wait_oldest_seconds", project,
			"Working time of the longest open wait, on the story's clock, which no hand-over restarts; 0 if none is open.",
			stories(func(st latency.StoryState) float64 { return seconds(st.Oldest) })),
		gauge("po_stories_overdue", project, "Open waits whose story's clock is past the target.",
			stories(func(st latency.StoryState) float64 { return float64(st.Overdue) })),
		gauge("po_open_wait_seconds", openWait,
			"Working time of an open wait, on the story's clock. Only the oldest waits of each owner and kind that are not forgotten have a series.",
			openWaits(func(w *latency.OpenWait) (float64, bool) { return seconds(w.Age), true })),
		gauge("po_open_wait_start_timestamp_seconds", openWait,
			"When the team began to wait, whoever has owned the wait since. It has the same series as po_open_wait_seconds.",
			openWaits(func(w *latency.OpenWait) (float64, bool) { return unix(w.Since), true })),
		gauge("po_open_wait_paused", openWait,
			"1 while a pause stops the clock of an open wait; no series otherwise. It has the same labels as po_open_wait_seconds.",
			openWaits(func(w *latency.OpenWait) (float64, bool) { return 1, w.Paused })),

		// Statistics over the rolling windows.
		gauge("po_wait_rolling_seconds", labels("kind", "project", "owner", "window", "q"),
			"Working time within which the share q of the waits that ran in the window gets a verdict or an answer (Kaplan-Meier). An open wait "+
				"counts as longer than it is now. +Inf if the share is not reached and a wait is past its target; no series if it is too early to tell.",
			quantiles(func(k latency.WaitsKey) []string {
				if k.Project == "" || k.Owner == "" {
					return nil
				}
				return []string{string(k.Kind), k.Project, k.Owner}
			})),
		gauge("po_owner_wait_rolling_seconds", labels("kind", "owner", "window", "q"),
			"As po_wait_rolling_seconds, over all projects of an owner.",
			quantiles(func(k latency.WaitsKey) []string {
				if k.Project != "" {
					return nil
				}
				return []string{string(k.Kind), k.Owner}
			})),
		gauge("po_project_wait_rolling_seconds", labels("kind", "project", "window", "q"),
			"As po_wait_rolling_seconds, over all owners of a project.",
			quantiles(func(k latency.WaitsKey) []string {
				if k.Project == "" || k.Owner != "" {
					return nil
				}
				return []string{string(k.Kind), k.Project}
			})),
		gauge("po_wait_rolling_samples", labels("kind", "project", "owner", "window", "state"),
			"Waits that ran in the window, by state: with a verdict or an answer (ended), still running (open), or ended in another way (censored).", samples),
		gauge("po_cycle_time_share_ratio", labels("project", "owner", "window", "bound"),
			"Share of the cycle time of an owner's stories within the window. With bound low it is the share in which a story stood until the owner acted, "+
				"with bound high the share in which any wait for the owner was open.",
			func(r *latency.Report, s series) {
				for k, share := range r.Statistics.Shares {
					s.add(share.Low(), k.Project, k.Owner, k.Window, "low")
					s.add(share.High(), k.Project, k.Owner, k.Window, "high")
				}
			}),
		gauge("po_stage_seconds", labels("project", "stage", "window"),
			"Working time that a project's stories, finished or not, spent in a stage within the window.",
			eachStage(func(st *latency.Statistics, w latency.ProjectWindow, stage latency.Stage) (float64, bool) {
				return st.Stages[latency.StageWindow{Project: w.Project, Stage: stage, Window: w.Window}].Seconds(), true
			})),
		gauge("po_largest_blocker", labels("project", "stage", "window"),
			"1 for the stage in which a project's stories stood longest within the window, if that is at least 5 % of their cycle time; 0 for the others. No series below 5 stories.",
			eachStage(func(st *latency.Statistics, w latency.ProjectWindow, stage latency.Stage) (float64, bool) {
				blocker, known := st.Blockers[w]
				return float(stage == blocker.Stage), known && latency.Blocks(stage)
			})),
		gauge("po_first_pass_ratio", labels("project", "owner", "window"),
			"Of the stories whose first verdict fell into the window, the share that this verdict accepted; no series if there was none.",
			func(r *latency.Report, s series) {
				for k, fp := range r.Statistics.FirstPass {
					s.add(float64(fp.Accepted)/float64(fp.Stories), k.Project, k.Owner, k.Window)
				}
			}),

		// Facts that the numbers are read with.
		gauge("po_wait_target_seconds", project, "Target of a wait, in working time.",
			func(r *latency.Report, s series) {
				for k, target := range r.Targets {
					s.add(seconds(target), string(k.Kind), k.Project)
				}
			}),
		gauge("po_acceptance_configured", labels("project"),
			"1 if one of a project's acceptance statuses is in its workflow, or the config says that it has none (acceptance_statuses: []). "+
				"0 if none is: then acceptance is not measured in the project, which has no series of acceptance.",
			func(r *latency.Report, s series) {
				for project, fits := range r.Configured {
					s.add(float(fits), project)
				}
			}),
		gauge("po_delegation_active", labels("owner", "delegate"), "1 while a delegate stands in for an owner; no series otherwise.",
			func(r *latency.Report, s series) {
				for _, d := range r.Delegations {
					s.add(1, d.Owner, d.Delegate)
				}
			}),
		gauge("po_delegation_end_timestamp_seconds", labels("owner", "delegate"),
			"When a delegation that is active now ends; no series if it has no end, or if none is active. Consecutive delegations of the same two people count as one.",
			func(r *latency.Report, s series) {
				for _, d := range r.Delegations {
					if d.Until != latency.Never {
						s.add(unix(d.Until), d.Owner, d.Delegate)
					}
				}
			}),
		gauge("po_owner_absent", labels("owner"), "1 while a configured owner is absent, 0 otherwise.",
			func(r *latency.Report, s series) {
				for owner, absent := range r.Absent {
					s.add(float(absent), owner)
				}
			}),
		gauge("po_owner_absence_end_timestamp_seconds", labels("owner"),
			"When a configured owner who is absent is back; no series if the absence has no end, or if the owner is not absent. Consecutive absences count as one.",
			func(r *latency.Report, s series) {
				for owner, until := range r.AbsentUntil {
					if until != latency.Never {
						s.add(unix(until), owner)
					}
				}
			}),
		gauge("po_owner_info", labels("owner", "display_name"), "The name of an owner, to join on the label owner; always 1.",
			func(r *latency.Report, s series) {
				for owner, name := range r.Names {
					s.add(1, owner, name)
				}
			}),
		gauge("po_sprint_start_timestamp_seconds", labels("project", "sprint"), "Start of a sprint; the last 12 sprints of each project.",
			func(r *latency.Report, s series) {
				for _, sp := range r.Sprints {
					s.add(unix(sp.Start), sp.Project, sp.Name)
				}
			}),
		gauge("po_sprint_end_timestamp_seconds", labels("project", "sprint"),
			"When a sprint was completed or, until then, its planned end; the last 12 sprints of each project.",
			func(r *latency.Report, s series) {
				for _, sp := range r.Sprints {
					s.add(unix(sp.End), sp.Project, sp.Name)
				}
			}),
		gauge("po_audit_findings", labels("project", "reason"), "What the audit found odd in the data, by reason. Nothing is dropped because of it.",
			func(r *latency.Report, s series) {
				for k, n := range r.Audit {
					s.add(float64(n), k.Project, k.Reason)
				}
			}),
		gauge("yourturn_ledger_start_timestamp_seconds", nil,
			"The data timestamp as of which the ledger began. Counters and histograms are sums over the ledger. If the timestamp changes, a new ledger began with "+
				"the whole history, and the difference between the two is no growth. No series for a ledger that began before this was noted.",
			func(r *latency.Report, s series) {
				if r.LedgerStart != 0 {
					s.add(unix(r.LedgerStart))
				}
			}),
		gauge("yourturn_data_timestamp_seconds", nil, "Start, in Jira's clock, of the last complete poll. Every number is as of this instant.",
			func(r *latency.Report, s series) { s.add(unix(r.DataTimestamp)) }),
	}
}

func gauge(name string, labels []string, help string, emit func(*latency.Report, series)) reportMetric {
	return reportMetric{Definition{Name: name, Kind: Gauge, Help: help, Labels: labels}, emit}
}

func counter(name string, labels []string, help string, emit func(*latency.Report, series)) reportMetric {
	return reportMetric{Definition{Name: name, Kind: Counter, Help: help, Labels: labels}, emit}
}

func histogram(name string, labels []string, help string, emit func(*latency.Report, series)) reportMetric {
	return reportMetric{Definition{Name: name, Kind: Histogram, Help: help, Labels: labels}, emit}
}

// elapsed emits how long responses of a kind took by wall time.
func elapsed(kind latency.Kind) func(*latency.Report, series) {
	return func(r *latency.Report, s series) {
		for k, h := range r.Totals.Elapsed {
			if k.Kind == kind {
				s.histogram(h, k.Project, k.Owner)
			}
		}
	}
}

// counted emits one of the sums by kind, project and owner.
func counted(of func(*latency.Totals) map[latency.Key]uint64) func(*latency.Report, series) {
	return func(r *latency.Report, s series) {
		for k, n := range of(r.Totals) {
			s.add(float64(n), string(k.Kind), k.Project, k.Owner)
		}
	}
}

// byProject emits one of the sums by project.
func byProject(of func(*latency.Totals) map[string]uint64) func(*latency.Report, series) {
	return func(r *latency.Report, s series) {
		for project, n := range of(r.Totals) {
			s.add(float64(n), project)
		}
	}
}

// guarded emits what one of the guards counted.
func guarded(guard latency.EntryType) func(*latency.Report, series) {
	return func(r *latency.Report, s series) {
		for k, n := range r.Totals.Guards {
			if k.Guard == guard {
				s.add(float64(n), k.Project, k.Owner)
			}
		}
	}
}

// open emits a value of what is open of each owner.
func open(of func(latency.OpenState) float64) func(*latency.Report, series) {
	return func(r *latency.Report, s series) {
		for k, o := range r.Open {
			s.add(of(o), string(k.Kind), k.Project, k.Owner)
		}
	}
}

// openWaits emits a value of each open wait that is listed, if it has one.
func openWaits(of func(*latency.OpenWait) (float64, bool)) func(*latency.Report, series) {
	return func(r *latency.Report, s series) {
		for i := range r.OpenWaits {
			w := &r.OpenWaits[i]
			if v, ok := of(w); ok {
				s.add(v, string(w.Kind), w.Project, w.Owner, w.Story)
			}
		}
	}
}

// stories emits a value of what is open by the stories' clocks.
func stories(of func(latency.StoryState) float64) func(*latency.Report, series) {
	return func(r *latency.Report, s series) {
		for k, st := range r.Stories {
			s.add(of(st), string(k.Kind), k.Project)
		}
	}
}

// quantiles emits the quantiles of the distributions for which of returns the
// first labels. It returns nil for those that another metric has.
func quantiles(of func(latency.WaitsKey) []string) func(*latency.Report, series) {
	return func(r *latency.Report, s series) {
		for k, d := range r.Statistics.Waits {
			labels := of(k)
			if labels == nil {
				continue
			}
			for _, q := range latency.Quantiles() {
				age, reached, never := d.Quantile(q)
				v := seconds(age)
				switch {
				case never:
					v = math.Inf(1)
				case !reached:
					continue
				}
				s.add(v, append(labels, k.Window, strconv.FormatFloat(q, 'g', -1, 64))...)
			}
		}
	}
}

// samples emits the sample sizes of everybody who is measured, zeroes too.
func samples(r *latency.Report, s series) {
	for k := range r.Open {
		for _, w := range latency.Rolling(r.DataTimestamp) {
			d := r.Statistics.Waits[latency.WaitsKey{Kind: k.Kind, Project: k.Project, Owner: k.Owner, Window: w.Name}]
			if d == nil {
				d = &latency.Distribution{}
			}
			s.add(float64(d.Ended), string(k.Kind), k.Project, k.Owner, w.Name, "ended")
			s.add(float64(d.Open), string(k.Kind), k.Project, k.Owner, w.Name, "open")
			s.add(float64(d.Censored), string(k.Kind), k.Project, k.Owner, w.Name, "censored")
		}
	}
}

// eachStage emits a value of each stage of every project that is watched, in
// each window, where of says that there is one.
func eachStage(of func(*latency.Statistics, latency.ProjectWindow, latency.Stage) (float64, bool)) func(*latency.Report, series) {
	return func(r *latency.Report, s series) {
		for project := range r.Configured { // every project that is watched
			for _, w := range latency.Rolling(r.DataTimestamp) {
				for _, stage := range latency.Stages() {
					if v, ok := of(r.Statistics, latency.ProjectWindow{Project: project, Window: w.Name}, stage); ok {
						s.add(v, project, string(stage), w.Name)
					}
				}
			}
		}
	}
}

// float returns 1 for true and 0 for false.
func float(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// seconds returns whole milliseconds in Prometheus' base unit.
func seconds(d time.Duration) float64 { return latency.MillisecondsOf(d).Seconds() }

// unix returns an instant in seconds since the Unix epoch.
func unix(i latency.Instant) float64 { return float64(i) / 1000 }
