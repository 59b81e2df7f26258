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

// Units by their names in Grafana. Hours are a suffix, because Grafana's own unit would
// turn 48 working hours into two days. Grafana puts the blank before a suffix.
const (
	unitHours   = "suffix:h"
	unitCount   = "none"
	unitShare   = "percentunit"
	unitTimes   = "suffix:×"
	unitSeconds = "s"
	unitClock   = "dthms"
	unitAgo     = "dateTimeFromNow"
	unitDate    = "dateTimeAsLocal"
)

// Colours by their meaning. Large figures are written in colorCalm, colorOver and
// colorBad, which stand out from the background of both themes by 3 to 1 at least;
// colorNear does not, and is only a background.
const (
	colorCalm   = "dark-green"
	colorNear   = "yellow"
	colorOver   = "dark-orange"
	colorBad    = "semi-dark-red"
	colorTarget = "text" // no series has it: Grafana's palette has no black and no white
	colorPlain  = "text"
	// The roles of those who answer.
	colorOwner    = "dark-blue"
	colorDelegate = "dark-purple"
	colorOther    = "light-purple"
	// colorNothing is the background of a cell that is neither near nor over.
	colorNothing = "transparent"
)

// valueAndName shows each number with its name.
const valueAndName = common.BigValueTextModeValueAndName

// number returns a view of large figures, one for each series.
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

// lines returns a view of a course over time. It sets no number of decimals: with one,
// Grafana leaves out the marks between whole numbers.
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
		Tooltip(inOrder(common.TooltipDisplayModeMulti)).
		OverrideByRegexp("/^target/", dashed()).
		OverrideByName("by owner", colored(colorOwner)).
		OverrideByName("by delegate", colored(colorDelegate)).
		OverrideByName("by other", colored(colorOther)).
		OverrideByName("by automation", colored(colorPlain)).
		OverrideByRegexp("/counted$/", unseen(unitCount)).
		OverrideByRegexp("/hours counted$/", unseen(unitHours))
}

// inOrder returns a tooltip that lists series in the order of the legend. Grafana
// orders them by value unless it is told not to.
func inOrder(mode common.TooltipDisplayMode) *common.VizTooltipOptionsBuilder {
	return common.NewVizTooltipOptionsBuilder().Mode(mode).Sort(common.SortOrderNone)
}

// stacked returns a view of a course over time whose series add up.
func stacked(unit string, mode common.StackingMode) *timeseries.PanelBuilder {
	return lines(unit).
		FillOpacity(35).
		LineWidth(1).
		Stacking(common.NewStackingConfigBuilder().Mode(mode).Group("A"))
}

// colored gives a series a colour of its own wherever it is drawn.
func colored(color string) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": color}}}
}

// dashed draws a target differently from what is measured.
func dashed() []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{
		{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{8, 6}}},
		{Id: "custom.lineWidth", Value: 1},
		{Id: "custom.fillOpacity", Value: 0},
		{Id: "custom.showPoints", Value: "never"},
		{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": colorTarget}},
	}
}

// unseen shows a sample size in the tooltip only: as a line it would need an axis of
// its own. A point of no size has no marker under the mouse, and a line across gaps
// has no end that Grafana draws as a point.
func unseen(unit string) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{
		{Id: "unit", Value: unit},
		{Id: "decimals", Value: 0},
		{Id: "custom.lineWidth", Value: 0},
		{Id: "custom.fillOpacity", Value: 0},
		{Id: "custom.showPoints", Value: "never"},
		{Id: "custom.pointSize", Value: 0},
		{Id: "custom.spanNulls", Value: true},
		{Id: "custom.axisPlacement", Value: "hidden"},
		{Id: "custom.stacking", Value: map[string]any{"mode": "none", "group": "counted"}},
		{Id: "custom.hideFrom", Value: map[string]any{"legend": true, "tooltip": false, "viz": false}},
	}
}

// density returns a view of how many latencies fell into each bucket over time.
func density() *heatmap.PanelBuilder {
	return heatmap.NewPanelBuilder().
		Calculate(false).
		MaxDataPoints(60). // so that a column is wide enough to see
		Color(heatmap.NewHeatmapColorOptionsBuilder().
			Mode(heatmap.HeatmapColorModeScheme).
			Scheme("Blues").
			Scale(heatmap.HeatmapColorScaleExponential).
			Min(0). // otherwise a single count has the palest colour
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

// states returns a view of named states over time.
func states(mappings []dashboard.ValueMapping) *statetimeline.PanelBuilder {
	return statetimeline.NewPanelBuilder().
		Mappings(mappings).
		MergeValues(true).
		ShowValue(common.VisibilityModeAuto).
		RowHeight(0.8).
		FillOpacity(70).
		LineWidth(0).
		Tooltip(inOrder(common.TooltipDisplayModeSingle)).
		// With thresholds Grafana shows ranges of numbers instead of words.
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
	// title is its heading; "" hides the column.
	title string
	unit  string
	// decimals of a number.
	decimals int
	// width in pixels; 0 lets Grafana choose.
	width int
	// steps colour a number.
	steps *dashboard.ThresholdsConfig
	// links of a cell.
	links []dashboard.DashboardLink
	// named maps numbers to words and colours.
	named []dashboard.ValueMapping
}

// grid returns a table of the rows of the queries, joined where all their labels agree,
// with exactly the given columns.
func grid(sortBy string, descending bool, columns ...column) *table.PanelBuilder {
	t := table.NewPanelBuilder().
		ShowHeader(true).
		CellHeight(common.TableCellHeightSm).
		MinWidth(70). // of a column; with Grafana's 150 pixels the last ones are out of sight
		Mappings(append(notReached(), noNumber())).
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
				// On its own colour a number is readable in both themes; yellow on white is not.
				dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]any{"type": "color-background", "mode": "basic"}})
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

// notReached maps an infinite quantile to words. It is a value and not a range without
// an end, whose missing end Grafana takes for zero.
func notReached() []dashboard.ValueMapping {
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: "value", Options: map[string]dashboard.ValueMappingResult{
		"Infinity": word("not reached yet", colorOver),
	}}}}
}

// ofCycleTime colours a share of the cycle time by its size: a small one is no
// alarm, whatever it is spent on.
func ofCycleTime() *dashboard.ThresholdsConfig {
	t := stepsOf(thresholds(colorNothing, step{0.1, colorNear}, step{0.25, colorOver}))
	return &t
}

// noNumber maps a cell with no number to a dash without a background: the panel's
// words for no data would be cut, and a colour would judge what is not known.
func noNumber() dashboard.ValueMapping {
	dash := word("–", colorNothing)
	return dashboard.ValueMapping{SpecialValueMap: &dashboard.SpecialValueMap{
		Type: "special", Options: dashboard.DashboardSpecialValueMapOptions{Match: dashboard.SpecialValueMatchNullAndNan, Result: dash},
	}}
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

// word returns an argument of words.
func word(text, color string) dashboard.ValueMappingResult {
	return dashboard.ValueMappingResult{Text: &text, Color: &color}
}

// step is the value at which a colour begins.
type step struct {
	from  float64
	color string
}

// thresholds returns colours: base, and from each step on its own.
func thresholds(base string, steps ...step) *dashboard.ThresholdsConfigBuilder {
	list := []dashboard.Threshold{{Color: base}}
	for _, s := range steps {
		list = append(list, dashboard.Threshold{Value: cog.ToPtr(s.from), Color: s.color})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(list)
}

// stepsOf returns what a builder of colours builds, which cannot fail.
func stepsOf(b *dashboard.ThresholdsConfigBuilder) dashboard.ThresholdsConfig {
	t, err := b.Build()
	if err != nil {
		panic(err) // there is nothing in it that can be wrong
	}
	return t
}

// multiple colours a large figure that is a multiple of a target.
func multiple() *dashboard.ThresholdsConfigBuilder {
	return thresholds(colorPlain, step{1, colorOver})
}

// alarm returns colours of a count that should be 0: none where there is no data,
// which is no good news.
func alarm(from float64) *dashboard.ThresholdsConfigBuilder {
	return thresholds(colorPlain, step{0, colorCalm}, step{from, colorOver})
}

// plain has a single colour: most numbers are neither good nor bad by themselves.
func plain() *dashboard.ThresholdsConfigBuilder { return thresholds(colorPlain) }

// ofTarget colours a wait by the share of its target that is used.
func ofTarget() *dashboard.ThresholdsConfig {
	return &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: []dashboard.Threshold{
		{Color: colorNothing}, {Value: cog.ToPtr(0.75), Color: colorNear}, {Value: cog.ToPtr(1.0), Color: colorOver},
	}}
}

// toStory returns a link to the row's story in Jira.
func toStory() []dashboard.DashboardLink {
	return link("Open the story in Jira", "${__data.fields.url}/browse/${__data.fields.Story}", true)
}

// toOwner returns a link to the dashboard of the row's owner. The key is escaped, because
// by itself Grafana keeps characters that separate the parts of a URL.
func toOwner() []dashboard.DashboardLink {
	return link("Waits on this owner", "/d/"+uidOwner+"?var-owner=${__data.fields.owner:percentencode}&${datasource:queryparam}", false)
}

// link returns a list of one link.
func link(title, url string, blank bool) []dashboard.DashboardLink {
	return []dashboard.DashboardLink{{Title: title, Url: &url, TargetBlank: blank}}
}

// howSure returns the queries of a table of waits by kind and project: two quantiles of
// a metric, each as a multiple of the target too, the target, and the sample sizes. who
// selects the waits; target is the query of the targets.
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

// howSureGrid returns the table of the answers to howSure.
func howSureGrid() *table.PanelBuilder {
	return grid("Project", false,
		column{from: "project", title: "Project"},
		column{from: "kind", title: "Waits for", width: 108},
		column{from: "Value #A", title: "Half within", unit: unitHours, decimals: 1, width: 120},
		column{from: "Value #B", title: "Half ÷ target", unit: unitTimes, decimals: 1, width: 125, steps: ofTarget()},
		column{from: "Value #C", title: "85 of 100 within", unit: unitHours, decimals: 1, width: 130},
		column{from: "Value #D", title: "85 of 100 ÷ target", unit: unitTimes, decimals: 1, width: 145, steps: ofTarget()},
		column{from: "Value #E", title: "Target", unit: unitHours, decimals: 1, width: 70},
		column{from: "Value #F", title: "Ended", unit: unitCount, width: 70},
		column{from: "Value #G", title: "Still open", unit: unitCount, width: 80},
		column{from: "Value #H", title: "Censored", unit: unitShare, width: 82, steps: censored()})
}

// censored colours the share of waits that ended without a verdict or an answer, from
// where it makes quantiles too low.
func censored() *dashboard.ThresholdsConfig {
	low := 0.2
	return &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: []dashboard.Threshold{
		{Color: colorNothing}, {Value: &low, Color: colorNear},
	}}
}
