package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The colours. Each has one meaning, and one shade for both themes: it stands out from
// the background of either by 3 to 1 at least. Text is written in the theme's own
// colour. Where a cell has one of these as its background, Grafana writes on it in
// white, from which those of bearsText stand out by 4.5 to 1.
const (
	colorLate      = "#C13F10" // past its target
	colorForgotten = "#636C7E" // forgotten
	colorBroken    = "#CF2547" // yourturn or Jira fails
	colorWell      = "#1F7C3E" // as it should be
	colorOwner     = "#1D6ACE" // the owner, and waiting for the owner: the lower bound of it
	colorOwnerMost = "#4F91E6" // the upper bound of that, and what is in it alone: questions
	colorDelegate  = "#9347CA" // a delegate, and delegations
	colorOther     = "#B078D8" // others who answered
	colorReview    = "#12787C" // the stages other than the owner's
	colorTest      = "#179FA3"
	colorBlocked   = "#87670F"
	colorRelease   = "#BC4B8A"
	colorWork      = "#878FA1" // development: the work itself
	colorBacklog   = "#A07C67" // the backlog, after the work had begun
	colorSeries    = "#596C94" // whatever is neither good nor bad, nor anybody's; several in shades of it
	// colorTarget is of no series: a target is a dashed line in the colour of text.
	colorTarget = "text"
	colorPlain  = "text"
	// colorNothing is the background of a cell that says nothing by its colour.
	colorNothing = "transparent"
)

// meanings has what each colour says. No colour is here twice, and no other is used.
func meanings() map[string]string {
	return map[string]string{
		colorLate:      "past its target",
		colorForgotten: "forgotten",
		colorBroken:    "failed",
		colorWell:      "as it should be",
		colorOwner:     "waiting for the owner, at least; what is half",
		colorOwnerMost: "waiting for the owner, at most; what is 85 of 100",
		colorDelegate:  "a delegate",
		colorOther:     "others who answered",
		colorReview:    "review",
		colorTest:      "test",
		colorBlocked:   "blocked",
		colorRelease:   "release",
		colorWork:      "development",
		colorBacklog:   "back in the backlog",
		colorSeries:    "no meaning of its own",
	}
}

// bearsText are the colours that may be the background of a cell with text.
func bearsText() []string {
	return []string{colorLate, colorBroken, colorWell, colorOwner, colorDelegate, colorReview, colorBlocked, colorSeries}
}

// The texts of panels that have no data. They say why, and what to do. A large figure has
// room for the fact alone.
const (
	noData     = "no data from yourturn in this range: choose a later range or another job, and look at Service health"
	noFigure   = "no data"
	noService  = "no data: choose a later range or another job, and look whether Prometheus scrapes yourturn"
	noStories  = "nothing waits here that is not forgotten, or there is no data: choose another project or owner, and look at Service health"
	noWaits    = "nothing waits here, or no data: choose another project or owner, and look at Service health"
	noDecision = "no data: nothing is known of a project before its first story; choose a later range, and look at Service health"
)

// The texts of rows that say that there is none.
const (
	saysNobody  = "nobody"
	saysNothing = "nothing"
	saysNone    = "none"
)

// colored gives a series a colour of its own wherever it is drawn.
func colored(color string) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{{Id: "color", Value: fixedColor(color)}}
}

// called gives a series its words and its colour.
func called(words, color string) []dashboard.DynamicConfigValue {
	list := []dashboard.DynamicConfigValue{{Id: "displayName", Value: words}}
	if color != "" {
		list = append(list, dashboard.DynamicConfigValue{Id: "color", Value: fixedColor(color)})
	}
	return list
}

// fixedColor is a colour as overrides have it.
func fixedColor(color string) map[string]any {
	return map[string]any{"mode": "fixed", "fixedColor": color}
}

// inShades colours series that are neither good nor bad and of which nobody knows how
// many there are. Grafana's palette would give them colours that mean something here.
func inShades() cog.Builder[dashboard.FieldColor] {
	return dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdShades).FixedColor(colorSeries)
}

// dashed draws a target differently from what is measured.
func dashed() []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{
		{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{8, 6}}},
		{Id: "custom.lineWidth", Value: 1},
		{Id: "custom.fillOpacity", Value: 0},
		{Id: "custom.showPoints", Value: "never"},
		{Id: "color", Value: fixedColor(colorTarget)},
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

// plain has a single colour: most numbers are neither good nor bad by themselves.
func plain() *dashboard.ThresholdsConfigBuilder { return thresholds(colorNothing) }

// alarm returns colours of a count that should be 0: none where there is no data,
// which is no good news.
func alarm(from float64) *dashboard.ThresholdsConfigBuilder {
	return thresholds(colorNothing, step{from, colorLate})
}

// ofTarget colours a cell that is a multiple of a target, from the target on.
func ofTarget() *dashboard.ThresholdsConfig {
	t := stepsOf(thresholds(colorNothing, step{1, colorLate}))
	return &t
}

// ofStage colours the share of a stage in the cycle time: a bar, and none below 5 %.
func ofStage() *dashboard.ThresholdsConfig {
	t := stepsOf(thresholds(colorNothing, step{0.05, colorSeries}))
	return &t
}
