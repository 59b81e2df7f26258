package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Units as Grafana knows them. Hours are a suffix and not Grafana's own unit,
// which would turn 48 working hours into two days.
const (
	unitHours   = "suffix: h"
	unitCount   = "none"
	unitShare   = "percentunit"
	unitTimes   = "suffix: ×"
	unitSeconds = "s"
	unitClock   = "dthms"
	unitAgo     = "dateTimeFromNow"
	unitDate    = "dateTimeAsLocal"
)

// Colours by what they mean; Grafana has a shade of each for its dark and its
// light theme.
const (
	colorCalm   = "green"
	colorNear   = "yellow"
	colorOver   = "orange"
	colorTarget = "text" // of no series: Grafana's palette has no black or white
	colorPlain  = "text"
)

// valueAndName shows each number with what it is of.
const valueAndName = common.BigValueTextModeValueAndName

// number is a single large figure, or one for each series.
func number(unit string, decimals float64, steps cog.Builder[dashboard.ThresholdsConfig]) *stat.PanelBuilder {
	return stat.NewPanelBuilder().
		Unit(unit).
		Decimals(decimals).
		Thresholds(steps).
		Mappings(notReached()).
		ColorMode(common.BigValueColorModeValue).
		GraphMode(common.BigValueGraphModeNone).
		Orientation(common.VizOrientationAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
}

// lines is a course over time. Its axis has as many decimals as it needs: with a
// number of them given, Grafana would leave out the marks between whole numbers.
func lines(unit string) *timeseries.PanelBuilder {
	return timeseries.NewPanelBuilder().
		Unit(unit).
		Min(0).
		LineWidth(2).
		FillOpacity(5).
		ShowPoints(common.VisibilityModeAuto).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).
			Placement(common.LegendPlacementBottom).
			ShowLegend(true)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti)).
		OverrideByRegexp("/^target/", dashed()).
		OverrideByRegexp("/counted$/", unseen(unitCount)).
		OverrideByRegexp("/hours counted$/", unseen(unitHours))
}

// stacked is a course over time whose series add up.
func stacked(unit string, mode common.StackingMode) *timeseries.PanelBuilder {
	return lines(unit).
		FillOpacity(35).
		LineWidth(1).
		Stacking(common.NewStackingConfigBuilder().Mode(mode).Group("A"))
}

// dashed draws a target, which is no measurement.
func dashed() []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{
		{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{8, 6}}},
		{Id: "custom.lineWidth", Value: 1},
		{Id: "custom.fillOpacity", Value: 0},
		{Id: "custom.showPoints", Value: "never"},
		{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": colorTarget}},
	}
}

// unseen is a sample size beside a course: in the tooltip alone, for it would
// need an axis of its own.
func unseen(unit string) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{
		{Id: "unit", Value: unit},
		{Id: "decimals", Value: 0},
		{Id: "custom.lineWidth", Value: 0},
		{Id: "custom.fillOpacity", Value: 0},
		{Id: "custom.showPoints", Value: "never"},
		{Id: "custom.axisPlacement", Value: "hidden"},
		{Id: "custom.stacking", Value: map[string]any{"mode": "none", "group": "counted"}},
		{Id: "custom.hideFrom", Value: map[string]any{"legend": true, "tooltip": false, "viz": false}},
	}
}

// density is how many latencies fell into each bucket, as time goes by.
func density() *heatmap.PanelBuilder {
	return heatmap.NewPanelBuilder().
		Calculate(false).
		MaxDataPoints(60). // so that a column is wide enough to be seen
		Color(heatmap.NewHeatmapColorOptionsBuilder().
			Mode(heatmap.HeatmapColorModeScheme).
			Scheme("Blues").
			Scale(heatmap.HeatmapColorScaleExponential).
			Min(0). // else a single count is drawn in the palest colour
			Exponent(0.5).
			Steps(32)).
		FilterValues(heatmap.NewFilterValueRangeBuilder().Le(0.01)).
		YAxis(heatmap.NewYAxisConfigBuilder().
			Unit(unitClock).
			AxisPlacement(common.AxisPlacementLeft)).
		CellGap(1).
		Mode(common.TooltipDisplayModeSingle).
		HideYHistogram().
		ShowLegend()
}

// states is a course of named states.
func states(mappings []dashboard.ValueMapping) *statetimeline.PanelBuilder {
	return statetimeline.NewPanelBuilder().
		Mappings(mappings).
		MergeValues(true).
		ShowValue(common.VisibilityModeAuto).
		RowHeight(0.8).
		FillOpacity(70).
		LineWidth(0).
		// By thresholds Grafana would show ranges of numbers instead of words.
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(colorPlain)).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).
			Placement(common.LegendPlacementBottom).
			ShowLegend(true))
}

// column is a column of a table, in the order of the table.
type column struct {
	// from is the label, or "Value #A" for the value of query A.
	from string
	// title is what stands above it; an empty one hides the column.
	title string
	unit  string
	// decimals of a number.
	decimals int
	// width in pixels; 0 lets Grafana choose.
	width int
	// steps colour a number.
	steps *dashboard.ThresholdsConfig
	// links lead away from a cell.
	links []dashboard.DashboardLink
	// named are words, with colours, that stand for numbers.
	named []dashboard.ValueMapping
}

// grid is a table of the rows that the queries return, joined where all their
// labels agree, with exactly the columns given.
func grid(sortBy string, descending bool, columns ...column) *table.PanelBuilder {
	t := table.NewPanelBuilder().
		ShowHeader(true).
		CellHeight(common.TableCellHeightSm).
		MinWidth(70). // of a column: Grafana's 150 pixels would push the last ones out of sight
		Mappings(notReached()).
		Thresholds(plain()).
		SortBy([]cog.Builder[common.TableSortByFieldState]{
			common.NewTableSortByFieldStateBuilder().DisplayName(sortBy).Desc(descending),
		}).
		WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}})
	names, order, include := map[string]string{}, map[string]int{}, map[string]any{}
	var wanted []string
	for i, c := range columns {
		order[c.from], include[c.from] = i, true
		wanted = append(wanted, c.from)
		if c.title != "" {
			names[c.from] = c.title
		}
	}
	t.WithTransformation(dashboard.DataTransformerConfig{Id: "filterFieldsByName", Options: map[string]any{"include": map[string]any{"names": wanted}}})
	t.WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
		"excludeByName": map[string]bool{}, "indexByName": order, "renameByName": names,
	}})
	for _, c := range columns {
		title, properties := c.title, []dashboard.DynamicConfigValue{}
		if title == "" {
			title = c.from
			properties = append(properties, dashboard.DynamicConfigValue{Id: "custom.hidden", Value: true})
		}
		if c.unit != "" {
			properties = append(properties,
				dashboard.DynamicConfigValue{Id: "unit", Value: c.unit},
				dashboard.DynamicConfigValue{Id: "decimals", Value: c.decimals})
		}
		if c.width != 0 {
			properties = append(properties, dashboard.DynamicConfigValue{Id: "custom.width", Value: c.width})
		}
		if c.steps != nil {
			properties = append(properties,
				dashboard.DynamicConfigValue{Id: "thresholds", Value: c.steps},
				dashboard.DynamicConfigValue{Id: "color", Value: map[string]any{"mode": "thresholds"}},
				dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]any{"type": "color-text"}})
		}
		if len(c.named) > 0 {
			properties = append(properties,
				dashboard.DynamicConfigValue{Id: "mappings", Value: c.named},
				dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]any{"type": "color-background", "mode": "basic"}})
		}
		if len(c.links) > 0 {
			properties = append(properties, dashboard.DynamicConfigValue{Id: "links", Value: c.links})
		}
		if len(properties) > 0 {
			t.OverrideByName(title, properties)
		}
	}
	return t
}

// notReached maps an infinite quantile to words. A range without an end would
// not do: Grafana takes its missing end for zero.
func notReached() []dashboard.ValueMapping {
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: "value", Options: map[string]dashboard.ValueMappingResult{
		"Infinity": word("not reached yet", colorOver),
	}}}}
}

// words maps whole numbers to words and colours, the first to 1.
func words(list ...dashboard.ValueMappingResult) []dashboard.ValueMapping {
	options := make(map[string]dashboard.ValueMappingResult, len(list))
	for i, w := range list {
		w.Index = cog.ToPtr(int32(i))
		options[string(rune('1'+i))] = w
	}
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: "value", Options: options}}}
}

// word is one word of words.
func word(text, color string) dashboard.ValueMappingResult {
	return dashboard.ValueMappingResult{Text: &text, Color: &color}
}

// step is where a colour begins.
type step struct {
	from  float64
	color string
}

// thresholds colours from base on by steps.
func thresholds(base string, steps ...step) *dashboard.ThresholdsConfigBuilder {
	list := []dashboard.Threshold{{Color: base}}
	for _, s := range steps {
		list = append(list, dashboard.Threshold{Value: cog.ToPtr(s.from), Color: s.color})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(list)
}

// plain colours nothing: most numbers are neither good nor bad by themselves.
func plain() *dashboard.ThresholdsConfigBuilder { return thresholds(colorPlain) }

// ofTarget colours a wait by the part of its target that it has used.
func ofTarget() *dashboard.ThresholdsConfig {
	return &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: []dashboard.Threshold{
		{Color: colorCalm}, {Value: cog.ToPtr(0.75), Color: colorNear}, {Value: cog.ToPtr(1.0), Color: colorOver},
	}}
}

// toStory links a cell to its row's story in Jira.
func toStory() []dashboard.DashboardLink {
	return link("Open the story in Jira", "${__data.fields.url}/browse/${__data.fields.Story}", true)
}

// toOwner links a cell to the dashboard of its row's owner. By itself Grafana
// leaves alone what separates the parts of a query.
func toOwner() []dashboard.DashboardLink {
	return link("Waits on this owner", "/d/"+uidOwner+"?var-owner=${__data.fields.owner:percentencode}&${datasource:queryparam}", false)
}

// link is a single link.
func link(title, url string, blank bool) []dashboard.DashboardLink {
	return []dashboard.DashboardLink{{Title: title, Url: &url, TargetBlank: blank}}
}

// howSure returns the queries of a table of waits by kind and project: two
// quantiles of a metric, how many times the target each is, the target, and the
// sample sizes that say how far to trust them. who selects the waits, target is
// the query of the targets.
func howSure(metric, who, target string) []query {
	quantile := func(q string) string {
		return `max by (job, kind, project) (` + metric + `{` + who + `, window="$window", q="` + q + `"})`
	}
	asked := func(expr string) query { return rows("max by (kind, project) (" + expr + ")") }
	times := func(q string) query {
		return asked(quantile(q) + "\n/ on (job, kind, project) max by (job, kind, project) (po_wait_target_seconds)")
	}
	return []query{
		asked(hours(quantile("0.5"))),
		times("0.5"),
		asked(hours(quantile("0.85"))),
		times("0.85"),
		rows(hours(target)),
		rows(samples(who, "ended")),
		rows(samples(who, "open")),
		rows(samples(who, "censored") + "\n/ (" + samples(who, "ended|open|censored") + " > 0)"),
	}
}

// howSureGrid shows the answers to howSure.
func howSureGrid() *table.PanelBuilder {
	return grid("Project", false,
		column{from: "project", title: "Project"},
		column{from: "kind", title: "Waits for", width: 108},
		column{from: "Value #A", title: "Half within", unit: unitHours, decimals: 1, width: 120},
		column{from: "Value #B", title: "Half ÷ target", unit: unitTimes, decimals: 1, width: 110, steps: ofTarget()},
		column{from: "Value #C", title: "85 of 100 within", unit: unitHours, decimals: 1, width: 130},
		column{from: "Value #D", title: "85 of 100 ÷ target", unit: unitTimes, decimals: 1, width: 130, steps: ofTarget()},
		column{from: "Value #E", title: "Target", unit: unitHours, decimals: 1, width: 70},
		column{from: "Value #F", title: "Ended", unit: unitCount, width: 70},
		column{from: "Value #G", title: "Still open", unit: unitCount, width: 80},
		column{from: "Value #H", title: "Censored", unit: unitShare, width: 82, steps: censored()})
}

// censored colours the part of waits that ended otherwise than by a verdict or
// an answer, from where it makes quantiles too low.
func censored() *dashboard.ThresholdsConfig {
	low := 0.2
	return &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: []dashboard.Threshold{
		{Color: colorPlain}, {Value: &low, Color: colorNear},
	}}
}
