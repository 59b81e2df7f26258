package dashboards

import (
	"fmt"
	"strings"
)

// The queries aggregate away the label instance: what was imported for the past
// may bear another than what is scraped today, and is to be one line with it.
// They keep the job until the end: one job is one Jira, and two of them may use
// the same keys for projects and owners.

// hours turns seconds of working time into hours of it: a day of eight working
// hours shown as a third of a day would mislead.
func hours(expr string) string { return "(" + expr + ") / 3600" }

// ownerNames are the names of owners, one each: a person renamed may have two
// for a moment, and a join wants one.
const ownerNames = `topk by (job, owner) (1, max by (job, owner, display_name) (po_owner_info))`

// named joins the owners' names to series that have the labels job and owner and
// not display_name. An owner whom nothing names, such as unowned, is shown under
// the owner's key: no series may vanish from a view for lack of a name.
func named(expr string) string {
	return fmt.Sprintf(`((%[1]s) * on (job, owner) group_left (display_name) %[2]s or label_replace((%[1]s) unless on (job, owner) %[2]s, "display_name", "$1", "owner", "(.*)"))`, expr, ownerNames)
}

// deputy joins the delegates' names to series that have the labels job and
// delegate, as delegate_name.
func deputy(expr string) string {
	names := fmt.Sprintf(`label_replace(label_replace(%s, "delegate", "$1", "owner", "(.*)"), "delegate_name", "$1", "display_name", "(.*)")`, ownerNames)
	return fmt.Sprintf(`((%[1]s) * on (job, delegate) group_left (delegate_name) %[2]s or label_replace((%[1]s) unless on (job, delegate) %[2]s, "delegate_name", "$1", "delegate", "(.*)"))`, expr, names)
}

// jiras are the addresses of the Jiras, by job: of each the newest that
// Prometheus knows, whichever range is shown, for an imported past has none.
// PromQL knows no today: the query looks from a month before the end of the
// range to over a year behind it.
const jiras = `group by (job, url) (topk by (job) (1, max by (job, url) (last_over_time(timestamp(yourturn_jira_info)[430d:1h] offset -400d) or timestamp(yourturn_jira_info))))`

// linked joins the address of their Jira to series that have the label job. A job
// without one is taken for the Jira that was seen last; without any, nothing is
// joined, and nothing vanishes.
func linked(expr string) string {
	return fmt.Sprintf(`(%[1]s) * on (job) group_left (url) (%[2]s or on (job) (group by (job) (%[1]s) * on () group_left (url) topk(1, %[2]s)) or on (job) group by (job) (%[1]s))`, expr, jiras)
}

// summed adds up a gauge, counting once what is there twice: for an hour after
// the end of an imported past its series stand beside the scraped ones.
func summed(by, of, series string) string {
	return fmt.Sprintf("sum by (%s) (max by (job, %s) (%s))", by, of, series)
}

// watched is there of each project from the first sample on that counts anything of it.
const watched = `max by (job, project) (po_wait_target_seconds%s)`

// grown is by how much each series of a counter grew within the window that ends
// now. PromQL's increase() would not do: it begins with the first value that it
// sees, so the first event of a series that is born with it, such as the first
// verdict of a delegate, would never be counted; and of points an hour apart it
// loses what lies between two windows. The counters are sums over a ledger that
// lasts, so growth is the difference between now and what was there at first:
//
//   - the series' value at the beginning of the window;
//   - 0, if the series was not there and its project was watched already;
//   - where the project came to be watched within the window, its whole history
//     would be no growth: then the first value that a look at every step finds, or
//     0 for what was born after that;
//   - younger than a step: what it is now.
//
// Only sync --recount takes a counter back, and then nothing is counted.
func grown(series, window, step string) string {
	return grownUntil(newest(series), series, window, step)
}

// grownIn is grown for a whole range, at the end of which yourturn may have been
// away: then until it was last seen.
func grownIn(series, window, step string) string {
	x := newest(series)
	return grownUntil(fmt.Sprintf("(%[1]s or last_over_time((%[1]s)[%[2]s:%[3]s]))", x, window, step), series, window, step)
}

// newest is each series of a counter, whichever instance it was scraped from.
func newest(series string) string { return "max without (instance) (" + series + ")" }

func grownUntil(x, series, window, step string) string {
	const expr = `clamp_min(X - (
  S
  or 0 * N and on (job, project) W
  or min_over_time((N)[R]) * (count_over_time((N)[R]) == bool on (job, project) group_left () count_over_time((P)[R]))
  or N
), 0)`
	return strings.NewReplacer(
		"X", x, "S", newest(series+" offset "+window), "N", newest(series),
		"W", fmt.Sprintf(watched, " offset "+window), "P", fmt.Sprintf(watched, ""), "R", window+":"+step,
	).Replace(expr)
}

// ended counts what a counter grew by within the window before each instant.
func ended(by, series, window string) string {
	return fmt.Sprintf("sum by (%s) (%s)", by, grown(series, window, "$__interval"))
}

// endedIn counts what a counter grew by within the range shown.
func endedIn(by, series string) string {
	return fmt.Sprintf("sum by (%s) (%s)", by, grownIn(series, "$__range", "$__interval"))
}

// judged is how many waits met their target or passed it, and late how many
// passed it. Where one of the two never happened there is no series of it.
func judged(by, where string, grown func(series string) string) string {
	return fmt.Sprintf("sum by (%s) (%s\nor label_replace(%s, \"counts\", \"met\", \"\", \"\"))", by, grown("po_waits_breached_total"+where), grown("po_waits_met_total"+where))
}

// late is the part of the waits judged that passed their target.
func late(by, where string, grown func(series string) string) string {
	return fmt.Sprintf("sum by (%s) (%s\nor 0 * %s)\n/ (%s > 0)", by, grown("po_waits_breached_total"+where), grown("po_waits_met_total"+where), judged(by, where, grown))
}

// reached keeps the instants at which a quantile was reached: a line cannot be
// drawn to infinity.
func reached(expr string) string { return "(" + expr + ") < +Inf" }

// samples is how many waits of the states given the quantiles of a window are
// made of, per kind and project.
func samples(of, states string) string {
	return summed("kind, project", "kind, project, owner, state", fmt.Sprintf(`po_wait_rolling_samples{%s, window="$window", state=~"%s"}`, of, states))
}
