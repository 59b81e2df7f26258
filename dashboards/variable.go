package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// everything is the value in a query of a variable that is not restricted.
const everything = ".*"

// isProject and isOwner select series by the variables. The key of an owner may have
// any characters: Grafana is told to escape it as a regular expression, and backquotes
// keep PromQL from interpreting the escapes. By itself Grafana escapes no dots in a
// variable of a single value, and quotes nowhere.
const (
	isProject = "project=~`${project:regex}`"
	isOwner   = "owner=~`${owner:regex}`"
)

// source returns the selected data source.
func source() dashboard.DataSourceRef {
	return dashboard.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

// sourceVariable selects one of several Prometheus data sources.
func sourceVariable() cog.Builder[dashboard.VariableModel] {
	return dashboard.NewDatasourceVariableBuilder("datasource").
		Label("Data source").
		Type("prometheus")
}

// projectVariable selects one, several or all projects.
func projectVariable() cog.Builder[dashboard.VariableModel] {
	return asked("project", "Project", "label_values(po_wait_target_seconds, project)").
		Multi(true).
		IncludeAll(true).
		AllValue(everything).
		Current(option("All", "$__all"))
}

// owners queries everybody on whom something waits or waited, by name; those without a
// name too, and a key that two Jiras use once. Grafana writes labels without escapes,
// so a name ends where the next label begins.
func owners() *dashboard.QueryVariableBuilder {
	return asked("owner", "Product Owner", "query_result(topk by (owner) (1, max by (owner, display_name) ("+named("group by (job, owner) (po_waits_open)")+")))").
		Regex(`/^\{display_name="(?<text>.+)",owner="(?<value>.+)"\} /`)
}

// ownersVariable selects one, several or all owners.
func ownersVariable() cog.Builder[dashboard.VariableModel] {
	return owners().
		Multi(true).
		IncludeAll(true).
		AllValue(everything).
		Current(option("All", "$__all"))
}

// ownerVariable selects one owner.
func ownerVariable() cog.Builder[dashboard.VariableModel] { return owners() }

// kindVariable selects acceptance, question or both.
func kindVariable() cog.Builder[dashboard.VariableModel] {
	return chosen("kind", "Kind of wait", "acceptance", "question").
		Multi(true).
		IncludeAll(true).
		AllValue(everything).
		Current(option("All", "$__all"))
}

// windowVariable selects the window of the rolling statistics.
func windowVariable() cog.Builder[dashboard.VariableModel] {
	return chosen("window", "Numbers look back over", "28d", "7d", "90d").Current(option("28d", "28d"))
}

// jobVariable selects the scrape job of a yourturn.
func jobVariable() cog.Builder[dashboard.VariableModel] {
	return asked("job", "Job", "label_values(yourturn_build_info, job)").
		Multi(true).
		IncludeAll(true).
		AllValue(everything).
		Current(option("All", "$__all"))
}

// asked returns a variable whose values come from Prometheus.
func asked(name, label, query string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(name).
		Label(label).
		Datasource(source()).
		Query(dashboard.StringOrMap{Map: map[string]any{"query": query, "refId": "variable"}}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalCaseInsensitiveAsc)
}

// chosen returns a variable of the given values; the first is selected.
func chosen(name, label string, values ...string) *dashboard.CustomVariableBuilder {
	var list string
	options := make([]dashboard.VariableOption, len(values))
	for i, v := range values {
		if i > 0 {
			list += ","
		}
		list += v
		options[i] = option(v, v)
	}
	return dashboard.NewCustomVariableBuilder(name).
		Label(label).
		Values(dashboard.StringOrMap{String: &list}).
		Options(options)
}

// option returns one value of a variable.
func option(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{String: &text},
		Value: dashboard.StringOrArrayOfString{String: &value},
	}
}
