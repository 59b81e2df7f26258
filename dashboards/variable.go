package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// everything is what an unrestricted variable becomes in a query.
const everything = ".*"

// isProject and isOwner choose series by what the reader chose. Keys of owners
// are anybody's words: Grafana is asked to escape them as regular expressions,
// and backquotes keep PromQL from reading the escapes. By itself Grafana escapes
// no dots where one value alone can be chosen, and no quotes anywhere.
const (
	isProject = "project=~`${project:regex}`"
	isOwner   = "owner=~`${owner:regex}`"
)

// source is the data source that the reader chose.
func source() dashboard.DataSourceRef {
	return dashboard.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

// sourceVariable lets the reader choose among several Prometheus.
func sourceVariable() cog.Builder[dashboard.VariableModel] {
	return dashboard.NewDatasourceVariableBuilder("datasource").
		Label("Data source").
		Type("prometheus")
}

// projectVariable is one, several or all projects.
func projectVariable() cog.Builder[dashboard.VariableModel] {
	return asked("project", "Project", "label_values(po_wait_target_seconds, project)").
		Multi(true).
		IncludeAll(true).
		AllValue(everything).
		Current(option("All", "$__all"))
}

// owners asks for everybody on whom anything waits or waited, by name, also
// those without a name; a key that two Jiras use is listed once. Grafana writes labels as they are, with no escapes, so
// a name ends where the next label begins.
func owners() *dashboard.QueryVariableBuilder {
	return asked("owner", "Product Owner", "query_result(topk by (owner) (1, max by (owner, display_name) ("+named("group by (job, owner) (po_waits_open)")+")))").
		Regex(`/^\{display_name="(?<text>.+)",owner="(?<value>.+)"\} /`)
}

// ownersVariable is one, several or all owners.
func ownersVariable() cog.Builder[dashboard.VariableModel] {
	return owners().
		Multi(true).
		IncludeAll(true).
		AllValue(everything).
		Current(option("All", "$__all"))
}

// ownerVariable is one owner.
func ownerVariable() cog.Builder[dashboard.VariableModel] { return owners() }

// kindVariable is acceptance, question or both.
func kindVariable() cog.Builder[dashboard.VariableModel] {
	return chosen("kind", "Kind of wait", "acceptance", "question").
		Multi(true).
		IncludeAll(true).
		AllValue(everything).
		Current(option("All", "$__all"))
}

// windowVariable is the window of the rolling statistics.
func windowVariable() cog.Builder[dashboard.VariableModel] {
	return chosen("window", "Window", "28d", "7d", "90d").Current(option("28d", "28d"))
}

// jobVariable is the scrape job of a yourturn.
func jobVariable() cog.Builder[dashboard.VariableModel] {
	return asked("job", "Job", "label_values(yourturn_build_info, job)").
		Multi(true).
		IncludeAll(true).
		AllValue(everything).
		Current(option("All", "$__all"))
}

// asked is a variable whose values Prometheus knows.
func asked(name, label, query string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(name).
		Label(label).
		Datasource(source()).
		Query(dashboard.StringOrMap{Map: map[string]any{"query": query, "refId": "variable"}}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalCaseInsensitiveAsc)
}

// chosen is a variable with the values given, the first of which is chosen.
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

// option is one choice.
func option(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{String: &text},
		Value: dashboard.StringOrArrayOfString{String: &value},
	}
}
