package dashboards

import (
	"cmp"

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
	unitHours     = "suffix:h"
	unitCount     = "none"
	unitShare     = "percentunit"
	unitTimes     = "suffix:×"
	unitOf        = "prefix:of " // how many a share is of; before a number Grafana puts no blank
	unitSeconds   = "s"
	unitClock     = "dthms"
	unitAgo       = "dateTimeFromNow"
	unitDate      = "dateTimeAsLocal"
	unitDay       = "time:D MMM"
	unitDayOfYear = "time:D MMM YYYY"
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
		ColorMode(common.BigValueColorModeBackgroundSolid). // the figure itself is in the colour of text
		GraphMode(common.BigValueGraphModeNone).
		Orientation(common.VizOrientationAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
}

// lines returns a view of a course over time. It sets no number of decimals: with one,
// Grafana leaves out the marks between whole numbers.
func lines(unit string) *timeseries.PanelBuilder {
	t := timeseries.NewPanelBuilder().
		Unit(unit).
		Min(0).
		LineWidth(2).
		FillOpacity(0).
		ColorScheme(inShades()).
		ShowPoints(common.VisibilityModeAuto).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).
			Placement(common.LegendPlacementBottom).
			ShowLegend(true)).
		Tooltip(inOrder(common.TooltipDisplayModeMulti)).
		OverrideByRegexp("/^target/", dashed()).
		OverrideByRegexp("/counted$/", unseen(unitCount)).
		OverrideByRegexp("/hours counted$/", unseen(unitHours))
	for _, list := range [][]term{kinds(), roles()} {
		for _, s := range list {
			t.OverrideByName(s.label, called(s.words, s.color))
		}
	}
	return t
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
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(colorSeries)).
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
	// bar draws a number as a bar of such colours too, up to max; 0 is 1.
	bar *dashboard.ThresholdsConfig
	max float64
	// links of a cell.
	links []dashboard.DashboardLink
	// named maps numbers to words and colours.
	named []dashboard.ValueMapping
	// words map labels to words.
	words []term
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
				dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]any{"type": "color-background", "mode": "basic"}})
		}
		if c.bar != nil {
			properties = append(properties,
				dashboard.DynamicConfigValue{Id: "thresholds", Value: c.bar},
				dashboard.DynamicConfigValue{Id: "color", Value: map[string]any{"mode": "thresholds"}},
				dashboard.DynamicConfigValue{Id: "min", Value: 0},
				dashboard.DynamicConfigValue{Id: "max", Value: cmp.Or(c.max, 1)},
				dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]any{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}})
		}
		if len(c.words) > 0 {
			properties = append(properties, dashboard.DynamicConfigValue{Id: "mappings", Value: inWords(c.words)})
		}
		if len(c.named) > 0 {
			properties = append(properties,
				dashboard.DynamicConfigValue{Id: "mappings", Value: c.named},
				dashboard.DynamicConfigValue{Id: "custom.align", Value: "left"}, // a number to Grafana, words to people
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
		"Infinity": word("not yet", colorLate),
	}}}}
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
// a metric, the larger as a multiple of the target too, the target, and the sample
// sizes. who selects the waits; target is the query of the targets.
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
		column{from: "kind", title: "Waits for", width: 92, words: kinds()},
		column{from: "Value #A", title: "Half within", unit: unitHours, decimals: 1},
		column{from: "Value #B", title: "85 of 100", unit: unitHours, decimals: 1},
		column{from: "Value #C", title: "× target", unit: unitTimes, decimals: 1, steps: ofTarget()},
		column{from: "Value #D", title: "Target", unit: unitHours},
		column{from: "Value #E", title: "Ended", unit: unitCount, width: 62},
		column{from: "Value #F", title: "Open", unit: unitCount, width: 56},
		column{from: "Value #G", title: "Cut short", unit: unitShare})
}
