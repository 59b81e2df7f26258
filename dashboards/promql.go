package dashboards

import "fmt"

// The queries aggregate away the labels that the scrape adds (job, instance):
// what was imported for the past lacks them, and is to be one line with what
// is scraped today.

// hours turns seconds of working time into hours of it: a day of eight working
// hours shown as a third of a day would mislead.
func hours(expr string) string { return "(" + expr + ") / 3600" }

// named joins the owners' names to series that have the label owner and not
// display_name. An owner whom nothing names, such as unowned, is shown under
// the owner's key: no series may vanish from a view for lack of a name.
func named(expr string) string {
	const names = `max by (owner, display_name) (po_owner_info)`
	return fmt.Sprintf(`((%[1]s) * on (owner) group_left (display_name) %[2]s or label_replace((%[1]s) unless on (owner) %[2]s, "display_name", "$1", "owner", "(.*)"))`, expr, names)
}

// summed adds up a gauge, counting once what is there twice: for an hour after
// the end of an imported past its series stand beside the scraped ones.
func summed(by, of, series string) string {
	return fmt.Sprintf("sum by (%s) (max by (%s) (%s))", by, of, series)
}

// ended counts, without extrapolating fractions that no wait has, what a
// counter grew by within window.
func ended(by, series, window string) string {
	return fmt.Sprintf("round(sum by (%s) (increase(%s[%s])))", by, series, window)
}

// reached keeps the instants at which a quantile was reached: a line cannot be
// drawn to infinity.
func reached(expr string) string { return "(" + expr + ") < +Inf" }

// samples is how many waits of the states given the quantiles of a window are
// made of, per kind and project.
func samples(of, states string) string {
	return summed("kind, project", "kind, project, owner, state", fmt.Sprintf(`po_wait_rolling_samples{%s, window="$window", state=~"%s"}`, of, states))
}
