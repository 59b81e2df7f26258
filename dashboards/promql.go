package dashboards

import (
	"fmt"
	"strings"
)

// A job is a Jira. Its targets differ in labels of their own, such as instance and, in
// Kubernetes, pod: an imported past may have others than what is scraped today, and
// replicas that share a store all export the same numbers. So the queries first take
// each series of a job once, by the labels that yourturn gives it, whichever target it
// is of: max by (job, …), before they add, join, or look back over several instants.
// What only the replica that polls counts, such as requests to Jira, is added over the
// targets, and of a gauge of polls, which is 0 at the others, the greatest is it. They
// keep the job to the end, because two Jiras may use the same keys for projects and
// owners.

// labelsOf returns the job and the labels that yourturn gives a counter or histogram.
func labelsOf(series string) string {
	switch {
	case strings.Contains(series, "po_waits_ended_total"):
		return "job, kind, project, owner, outcome, responder"
	case strings.Contains(series, "_latency_seconds"):
		return "job, project, owner, outcome, responder, le"
	default:
		return "job, kind, project, owner"
	}
}

// once returns each series of a counter or histogram once, whichever target it is of.
func once(series string) string { return "max by (" + labelsOf(series) + ") (" + series + ")" }

// eachReplica returns what a series of the process is of each target of a job, with the
// label instance if there are several. Where there is one, a restart under another
// instance is the same line.
func eachReplica(expr string) string {
	return strings.NewReplacer("X", "max by (job, instance) ("+expr+" and on (job, instance) yourturn_build_info)").Replace(
		"max by (job) (X) unless on (job) count by (job) (X) > 1\nor X and on (job) count by (job) (X) > 1")
}

// hours converts seconds of working time into hours. In days, a working day of eight
// hours would be a third of a day.
func hours(expr string) string { return "(" + expr + ") / 3600" }

// ownerNames are the names of owners, one for each: a renamed person may have two for
// a moment, and a join needs one.
const ownerNames = `topk by (job, owner) (1, max by (job, owner, display_name) (po_owner_info))`

// named joins the owners' names, as display_name, to series with the labels job and
// owner. For an owner without a name, such as unowned, it uses the owner's key: no
// series vanishes for lack of a name.
func named(expr string) string {
	return fmt.Sprintf(`((%[1]s) * on (job, owner) group_left (display_name) %[2]s or label_replace((%[1]s) unless on (job, owner) %[2]s, "display_name", "$1", "owner", "(.*)"))`, expr, ownerNames)
}

// deputy joins the delegates' names, as delegate_name, to series with the labels job
// and delegate.
func deputy(expr string) string {
	names := fmt.Sprintf(`label_replace(label_replace(%s, "delegate", "$1", "owner", "(.*)"), "delegate_name", "$1", "display_name", "(.*)")`, ownerNames)
	return fmt.Sprintf(`((%[1]s) * on (job, delegate) group_left (delegate_name) %[2]s or label_replace((%[1]s) unless on (job, delegate) %[2]s, "delegate_name", "$1", "delegate", "(.*)"))`, expr, names)
}

// jiras are the addresses of the Jiras, by job: of each the newest that Prometheus
// knows, whichever range is shown, because an imported past has none. PromQL cannot
// name the present, so the query looks from a month before the end of the range to
// more than a year after it.
const jiras = `group by (job, url) (topk by (job) (1, max by (job, url) (last_over_time(timestamp(yourturn_jira_info)[430d:1h] offset -400d) or timestamp(yourturn_jira_info))))`

// linked joins the address of their Jira, as url, to series with the label job. A job
// without an address gets that of the Jira that was scraped last. If there is none,
// the series stay without an address.
func linked(expr string) string {
	return fmt.Sprintf(`(%[1]s) * on (job) group_left (url) (%[2]s or on (job) (group by (job) (%[1]s) * on () group_left (url) topk(1, %[2]s)) or on (job) group by (job) (%[1]s))`, expr, jiras)
}

// summed returns the sum of a gauge that counts each wait once: for an hour after the
// end of an imported past, its series exist beside the scraped ones.
func summed(by, of, series string) string {
	return fmt.Sprintf("sum by (%s) (max by (job, %s) (%s))", by, of, series)
}

// ledgerStart is when the ledger began whose sums a yourturn exports.
const ledgerStart = "yourturn_ledger_start_timestamp_seconds"

// ofLedger gives each series the label ledger: which of its store's ledgers it is
// of, by when that began. What was scraped of a yourturn that does not say when its
// ledger began is of one ledger, and has no such label. Offset is "" or as PromQL writes
// it.
func ofLedger(series, offset string) string {
	const expr = `(S * on (job, instance) group_left (ledger) count_values by (job, instance) ("ledger", max by (job, instance) (L)) or S unless on (job, instance) L)`
	return strings.NewReplacer("S", series+offset, "L", ledgerStart+offset).Replace(expr)
}

// watched has a series for each project and ledger from the first sample on that
// counts anything of the project.
func watched(offset string) string {
	return "max by (job, project, ledger) (" + ofLedger("po_wait_target_seconds", offset) + ")"
}

// newest returns each series of a counter and ledger once.
func newest(series, offset string) string {
	return "max by (" + labelsOf(series) + ", ledger) (" + ofLedger(series, offset) + ")"
}

// grown returns by how much each series of a counter grew within the window that ends
// now. PromQL's increase() starts from the first value that it sees, so it would never
// count the first event of a series that begins with it, such as the first verdict of
// a delegate; and with points an hour apart it loses what happens between two windows.
// The counters are sums over a lasting ledger, so growth is the difference between now
// and an earlier value:
//
//   - the value of the series at the beginning of the window, or, where nothing was
//     scraped just then, its last one within a day before;
//   - 0, if there was no such series and its project was already watched;
//   - if the project was not yet watched then, its history is no growth: the first
//     value at one of the steps, or 0 for a series that begins after it;
//   - for a series younger than a step, its value now.
//
// A new ledger begins with the whole history, which is no growth either: only what
// the present ledger counted within the window is.
func grown(series, window, step string) string {
	return grownUntil(func(now string) string { return now }, series, window, step)
}

// grownIn is grown for a whole range. If yourturn was not scraped at its end, the range
// ends when it last was.
func grownIn(series, window, step string) string {
	return grownUntil(func(now string) string {
		return fmt.Sprintf("(%[1]s or last_over_time((%[1]s)[%[2]s:%[3]s]) unless on (job, project) %[1]s)", now, window, step)
	}, series, window, step)
}

// firstStep is how far the steps are apart at which a rolling window looks for the first
// value of a project that was not watched when the window began.
const firstStep = "6h"

// grownUntil returns growth until the end. Last returns the values there of what a query
// is now.
//
// Only where the window begins before a project was watched are the steps of the
// window looked at (F): they cost as many samples as there are steps in the window,
// for each point that is drawn, and elsewhere the gate G leaves nothing of them.
func grownUntil(last func(now string) string, series, window, step string) string {
	if window == "$window" {
		step = firstStep
	}
	// Of two yourturns that each have a ledger of the same Jira one counts. K tells the
	// jobs whose ledger began within the window, and G is the projects that this ledger
	// already watched at its beginning.
	const (
		since = "clamp_min(X - (B unless on (job) K\n  or 0 * X and on (job, project) G\n  or F\n  or X), 0)"
		newer = "(L unless on (job) L == on (job) M)"
		gate  = "(W unless on (job) K)"
		first = `max without (ledger) (
    min_over_time((N)[R]) * (count_over_time((N)[R]) == bool on (job, project, ledger) group_left () count_over_time((P)[R]))
    and on (job, ledger) (count_values by (job) ("ledger", L) or on (job) group by (job) (po_wait_target_seconds))
  )`
	)
	const targets, ledgers = "max by (job, project) (po_wait_target_seconds%s)", "max by (job) (" + ledgerStart + "%s)"
	value := once(series + "%s")
	at := func(expr string) string { // the beginning of the window
		return fmt.Sprintf("("+expr+" or last_over_time(("+expr+")[1d:6h] offset %s))", " offset "+window, "", window)
	}
	// What the steps look at is gated by what was known a window before each of them.
	gated := strings.NewReplacer("K", strings.NewReplacer("L", fmt.Sprintf(ledgers, ""), "M", at(ledgers)).Replace(newer), "W", at(targets)).Replace(gate)
	unwatched := func(series string) string { return "(" + series + " unless on (job, project) " + gated + ")" }
	end := last(fmt.Sprintf(ledgers, ""))
	k := strings.NewReplacer("L", end, "M", at(ledgers)).Replace(newer)
	f := strings.NewReplacer(
		"N", newest(unwatched(series), ""),
		"P", "max by (job, project, ledger) ("+ofLedger(unwatched("po_wait_target_seconds"), "")+")",
		"R", window+":"+step, "L", end,
	).Replace(first)
	g := strings.NewReplacer("W", at(targets), "K", k).Replace(gate)
	return strings.NewReplacer("X", last(once(series)), "B", at(value), "K", k, "G", g, "F", f).Replace(since)
}

// ended returns by how much a counter grew within the window before each point.
func ended(by, series, window string) string {
	return fmt.Sprintf("sum by (%s) (%s)", by, grown(series, window, "$__interval"))
}

// endedIn returns by how much a counter grew within the range shown.
func endedIn(by, series string) string {
	return fmt.Sprintf("sum by (%s) (%s)", by, grownIn(series, "$__range", "$__interval"))
}

// judged returns how many waits met or passed their target. A counter that never
// counted has no series, so it does not add them directly.
func judged(by, where string, grown func(series string) string) string {
	return fmt.Sprintf("sum by (%s) (%s\nor label_replace(%s, \"counts\", \"met\", \"\", \"\"))", by, grown("po_waits_breached_total"+where), grown("po_waits_met_total"+where))
}

// lateCount returns how many of the judged waits passed their target.
func lateCount(by, where string, grown func(series string) string) string {
	return fmt.Sprintf("sum by (%s) (%s\nor 0 * %s)", by, grown("po_waits_breached_total"+where), grown("po_waits_met_total"+where))
}

// late returns the share of the judged waits that passed their target.
func late(by, where string, grown func(series string) string) string {
	return lateCount(by, where, grown) + "\n/ (" + judged(by, where, grown) + " > 0)"
}

// reached leaves out the points at which a quantile was not reached: a line cannot go
// to infinity.
func reached(expr string) string { return "(" + expr + ") < +Inf" }

// samples returns the number of waits, of the given states, behind the quantiles of the
// window, by kind and project.
func samples(of, states string) string {
	return summed("kind, project", "kind, project, owner, state", fmt.Sprintf(`po_wait_rolling_samples{%s, window="$window", state=~"%s"}`, of, states))
}
