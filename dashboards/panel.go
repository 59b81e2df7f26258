package dashboards

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// panel is one panel: its queries, how it is drawn, and what a reader should know
// before trusting it.
type panel struct {
	// title is a noun that fits, and asks the question that the panel answers.
	title, asks string
	// about says what the number is.
	about string
	// caution says when not to trust it, and begins with "Caution:".
	caution       string
	width, height uint32
	// empty is what it says where there are no data; "" says what most do.
	empty string
	// each repeats the panel for each value of this variable; "" does not.
	each    string
	queries []query
	view    cog.Builder[dashboard.Panel]
}

// query is one PromQL query of a panel. Queries are named A, B, … in order.
type query struct {
	expr   string
	legend string
	format prometheus.PromQueryFormat
	// now asks for the end of the time range instead of the course over it.
	now bool
	// step is the least time between two points; "" leaves it to Grafana.
	step string
	// color is that of its series; "" leaves it to the view.
	color string
}

// in returns the query with a colour for its series.
func (q query) in(color string) query {
	q.color = color
	return q
}

// build returns the panel as a part of the dashboard.
func (p panel) build(id uint32, at dashboard.GridPos) (dashboard.Panel, error) {
	out, err := p.view.Build()
	if err != nil {
		return out, fmt.Errorf("panel %q: %w", p.title, err)
	}
	source, about := source(), p.asks+" "+p.about+" "+p.caution
	out.Id, out.GridPos, out.Title, out.Description, out.Datasource = &id, &at, &p.title, &about, &source
	if out.FieldConfig == nil {
		out.FieldConfig = dashboard.NewFieldConfigSource()
	}
	if out.FieldConfig.Overrides == nil {
		out.FieldConfig.Overrides = []dashboard.DashboardFieldConfigSourceOverrides{} // Grafana writes an empty list, too
	}
	if out.FieldConfig.Defaults.NoValue == nil {
		says := cmp.Or(p.empty, noData)
		if out.Type == "stat" {
			says = noFigure
		}
		out.FieldConfig.Defaults.NoValue = &says
	}
	if p.each != "" {
		out.Repeat, out.RepeatDirection, out.MaxPerRow = &p.each, cog.ToPtr(dashboard.PanelRepeatDirectionH), cog.ToPtr(float64(columns/p.width))
	}
	for i, q := range p.queries {
		if q.now && strings.Contains(q.expr, ":$__interval]") {
			out.MaxDataPoints = cog.ToPtr(float64(300)) // in how many steps the query looks for where the data begin
		}
		t := prometheus.NewDataqueryBuilder().
			Expr(q.expr).
			RefId(string(rune('A' + i))).
			EditorMode(prometheus.QueryEditorModeCode).
			Datasource(source).
			Format(q.format)
		if q.legend != "" {
			t.LegendFormat(q.legend)
		}
		if q.step == "" && strings.Contains(q.expr, "[$window:$__interval]") {
			q.step = "5m" // 90 days in steps of 30 s would be a quarter of a million points
		}
		if q.step != "" {
			t.Interval(q.step)
		}
		if q.now {
			t.Instant()
		} else {
			t.Range()
		}
		target, err := t.Build()
		if err != nil {
			return out, fmt.Errorf("panel %q, query %q: %w", p.title, q.expr, err)
		}
		out.Targets = append(out.Targets, target)
		if q.color != "" {
			out.FieldConfig.Overrides = slices.Insert(out.FieldConfig.Overrides, 0, dashboard.DashboardFieldConfigSourceOverrides{
				Matcher: dashboard.MatcherConfig{Id: "byFrameRefID", Options: string(rune('A' + i))}, Properties: colored(q.color),
			})
		}
	}
	return out, nil
}

// orNone returns a query that answers with a row of text if expr has no answer
// although yourturn was scraped: "nobody is absent" must not look like "not known".
func orNone(expr, label, text string) string {
	return expr + "\nor on () label_replace(0 * group(yourturn_data_timestamp_seconds), \"" + label + "\", \"" + text + "\", \"\", \"\")"
}

// course queries expr over the time range.
func course(expr, legend string) query {
	return query{expr: expr, legend: legend, format: prometheus.PromQueryFormatTimeSeries}
}

// now queries expr at the end of the time range.
func now(expr, legend string) query {
	return query{expr: expr, legend: legend, format: prometheus.PromQueryFormatTimeSeries, now: true}
}

// rows queries expr at the end of the time range, with a table row for each series.
func rows(expr string) query {
	return query{expr: expr, format: prometheus.PromQueryFormatTable, now: true}
}
