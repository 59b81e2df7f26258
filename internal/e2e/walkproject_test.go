package e2e

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// projectRules are those of the pages of projects.
func projectRules() []rule {
	const page = `^/projects/`
	kind := func(p place) string {
		id := attribute(p.within("[id^=open-], [id^=late-], tr[id^=kind-]"), "id")
		return id[strings.Index(id, "-")+1:]
	}
	open := func(p place) []*query.Part { return p.selected(p.project(), "", kind(p)) }
	quantile := func(q string) func(place, *html.Node) []string {
		return func(p place, _ *html.Node) []string {
			return p.quantile("po_project_wait_rolling_seconds", q, "28d", p.cfg.ProjectCalendar(p.project()).Day(), "project", p.project(), "kind", kind(p))
		}
	}
	return slices.Concat([]rule{
		{page, `#heading > .answer`, func(p place) []string {
			if low := p.sum("po_largest_blocker", "project", p.project(), "window", "28d"); len(p.metrics.where("po_largest_blocker", "project", p.project(), "window", "28d")) == 0 {
				return []string{p.stories(), "28"}
			} else if low == 0 {
				return []string{p.bounds(), "28"}
			} else if p.blocker() == "owner" {
				return append([]string{p.bounds(), "28"}, p.level()...)
			}
			return append([]string{p.bounds(), "28", p.stageShare(p.blocker())}, p.level()...)
		}},
		{page, `.tile[id^=open-] .number`, func(p place) []string { return []string{words.Number(count(open(p), pressing))} }},
		{page, `.tile[id^=late-] .number`, func(p place) []string { return []string{words.Number(count(open(p), late))} }},
		{page, `h2 + p`, func(p place) []string {
			return []string{p.stories(), "28", p.about(), words.Exact(seconds(p.cycleTime()))}
		}},
		{page, `figure.stages desc`, func(p place) (out []string) {
			for _, row := range parts(p.main, "tr[id^=stage-]") {
				out = append(out, p.stageShare(strings.TrimPrefix(attribute(row, "id"), "stage-")))
			}
			return out
		}},
		{page, `figure.stages g title`, nth(`figure.stages g title`, func(p place, i int) []string {
			return []string{p.stageShare(strings.TrimPrefix(attribute(parts(p.main, "tr[id^=stage-]")[i], "id"), "stage-"))}
		})},
		{page, `figure.stages + p`, func(p place) []string { return []string{p.bounds()} }},
		{page, `table:has(tr[id^=stage-]) + p`, func(p place) []string {
			if len(p.metrics.where("po_largest_blocker", "project", p.project(), "window", "28d")) == 0 {
				return nil // fewer than five stories
			}
			return []string{"5"}
		}},
		{page, `.needs li`, place.need},
		{page, `main > p.soft:last-child`, func(place) []string { return []string{"85", "100", "28"} }},
	},
		ofColumns(page, `tr[id^=stage-]`, map[int]func(place, *html.Node) []string{
			2: func(p place, row *html.Node) []string {
				return []string{p.stageShare(strings.TrimPrefix(attribute(row, "id"), "stage-"))}
			},
			3: func(p place, row *html.Node) []string {
				return inWords(p.stage(strings.TrimPrefix(attribute(row, "id"), "stage-")), 0)
			},
		}),
		ofColumns(page, `tr[id^=kind-]`, map[int]func(place, *html.Node) []string{
			2: func(p place, _ *html.Node) []string { return []string{words.Number(count(open(p), pressing))} },
			3: func(p place, _ *html.Node) []string { return []string{words.Number(count(open(p), late))} },
			4: func(p place, _ *html.Node) []string {
				n, oldest := count(open(p), forgotten), oldest(open(p), forgotten)
				if n == 0 {
					return []string{"0"}
				}
				return []string{words.Number(n), inWords(oldest, p.cfg.ProjectCalendar(p.project()).Day())[0]}
			},
			5: func(p place, _ *html.Node) []string {
				if count(open(p), pressing) == 0 {
					return nil
				}
				return inWords(oldest(open(p), pressing), p.cfg.ProjectCalendar(p.project()).Day())
			},
			6: func(p place, _ *html.Node) []string {
				return inWords(p.target(kind(p), p.project()), p.cfg.ProjectCalendar(p.project()).Day())
			},
			7: quantile("0.5"),
			8: quantile("0.85"),
			9: func(p place, _ *html.Node) []string {
				return []string{p.whole("po_wait_rolling_samples", "project", p.project(), "kind", kind(p), "window", "28d")}
			},
		}))
}

func (p place) project() string { return strings.TrimPrefix(p.url.Path, "/projects/") }

// stage returns how long stories were in a stage, in seconds.
func (p place) stage(stage string) float64 {
	return p.sum("po_stage_seconds", "project", p.project(), "window", "28d", "stage", stage)
}

func (p place) cycleTime() float64 { return p.stage("") }

func (p place) stageShare(stage string) string {
	return fmt.Sprintf("%.1f", 100*p.stage(stage)/p.cycleTime())
}

// bounds returns the bounds of the share of waiting.
func (p place) bounds() string {
	low := p.stage("owner")
	return outwards(low/p.cycleTime(), (low+p.stage("owner_question"))/p.cycleTime())
}

// oldest returns the story's clock of the oldest of some waits, in seconds.
func oldest(list []*query.Part, so func(*query.Part) bool) (age float64) {
	for _, w := range list {
		if so(w) {
			age = max(age, w.StoryWorkingSeconds)
		}
	}
	return age
}

// about returns the cycle time in hours of three figures.
func (p place) about() string {
	hours := math.Round(p.cycleTime() / 3600)
	if hours < 10 {
		return words.Working(seconds(p.cycleTime()), 0)
	}
	unit := math.Pow(10, max(0, math.Floor(math.Log10(hours))-2))
	return words.Number(int(math.Floor(hours/unit+0.5) * unit))
}

// level wants the share of the stage that is about level with the largest blocker.
func (p place) level() []string {
	next := 0.0
	for _, n := range p.metrics.where("po_largest_blocker", "project", p.project(), "window", "28d") {
		if n.labels["stage"] != p.blocker() {
			next = max(next, p.stage(n.labels["stage"]))
		}
	}
	if next == 0 || (p.stage(p.blocker())-next)/p.cycleTime() >= 0.01 {
		return nil
	}
	return []string{fmt.Sprintf("%.1f", 100*next/p.cycleTime())}
}

// blocker returns the largest blocker; "" if there is none.
func (p place) blocker() string {
	for _, n := range p.metrics.where("po_largest_blocker", "project", p.project(), "window", "28d") {
		if n.value == 1 {
			return n.labels["stage"]
		}
	}
	return ""
}

// stories returns of how many stories the page tells: no command and no metric says it
// of this window, so it is what the page says in one place.
func (p place) stories() string {
	return strings.Fields(strings.TrimPrefix(p.text(parts(p.main, "h2 + p")[0], nil), "Of "))[0]
}

// need wants the evidence for what a team needs.
func (p place) need() []string {
	what := attribute(p.node, "data-need")
	kind := map[string]string{"verdicts": "acceptance", "answers": "question"}[what]
	if kind == "" {
		return []string{p.stageShare(what), p.stories()}
	}
	of := []string{"project", p.project(), "kind", kind, "window", "28d"}
	n := p.sum("po_wait_rolling_samples", of...)
	most := p.metrics.where("po_project_wait_rolling_seconds", append(of, "q", "0.85")...)
	switch {
	case n < 10:
		return []string{fmt.Sprint(n), "28"}
	case len(most) != 1 || math.IsInf(most[0].value, 1):
		return []string{"85", "100", fmt.Sprint(n)}
	}
	return []string{"85", "100", fmt.Sprintf("%.1f", most[0].value/p.target(kind, p.project())), fmt.Sprint(n)}
}
