package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
)

// misfits says in sentences where the config does not fit a project that a caller
// sees, or whose service they run: its numbers look quiet, and are not.
func misfits(r *latency.Report, c Caller) []string {
	return misfitsOf(r, func(project string) bool { return c.Operates() || c.SeesProject(project) })
}

// misfitsOf says it of the projects that sees selects.
func misfitsOf(r *latency.Report, sees func(project string) bool) []string {
	var none []string
	for project, fits := range r.Configured {
		if !fits && sees(project) {
			none = append(none, project)
		}
	}
	found := map[string][]string{} // projects, by reason
	for k, n := range r.Audit {
		if n > 0 && sees(k.Project) && (k.Reason != latency.FindNoAcceptance || r.Configured[k.Project]) {
			found[k.Reason] = append(found[k.Reason], k.Project)
		}
	}
	var out []string
	for _, m := range []struct {
		projects []string
		format   string
	}{
		{none, "No acceptance step is configured in %s: none of the acceptance_statuses is in its workflow, so acceptance is not measured there. " +
			"yourturn check --online lists the statuses of a project; acceptance_statuses: [] says that it has no such step."},
		{found[latency.FindNoAcceptance], "No story of %s ever waited for acceptance. Are its acceptance_statuses the right ones?"},
		{found[latency.FindOwnerFieldEmpty], "The owner field is empty on 90 %% or more of the stories of %s. Is owner_field the right one?"},
		{found[latency.FindMostlyUnowned], "Half or more of the waits of %s are unowned. Name an owner for the project, or another owner_field."},
	} {
		if len(m.projects) > 0 {
			out = append(out, fmt.Sprintf(m.format, strings.Join(slices.Sorted(slices.Values(m.projects)), ", ")))
		}
	}
	return out
}
