package e2e

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// walkRules is the table of where the numbers of all pages come from.
func walkRules() []rule {
	const waits = `^/(owners/.*)?$` // the pages that list open waits
	return slices.Concat(
		[]rule{
			{waits, `#heading > .answer`, place.waitingAnswer},
			{waits, `.tile .number`, place.waitingTile},
			{waits, `.tile .label`, func(place) []string { return nil }},
			{waits, `table.waits tbody tr > :nth-child(1)`, func(place) []string { return nil }},
			{waits, `table.waits tbody tr > :nth-child(2)`, func(place) []string { return nil }},
			{waits, `table.waits tbody tr > :nth-child(3)`, place.waited},
			{waits, `table.waits tbody tr > :nth-child(4)`, func(place) []string { return nil }},
			{waits, `table.waits tbody tr > :nth-child(5)`, place.expectedWords},
			{`^/$`, `.pager p`, place.waitsPager},
			{`^/$`, `#forgotten > summary`, func(p place) []string { return []string{words.Number(count(p.chosen(), forgotten))} }},
			{`^/$`, `#forgotten > p.soft`, func(place) []string { return []string{"15"} }}, // working days, of SPEC
		},
		ofColumns(`^/$`, `#owners tr[id]`, map[int]func(place, *html.Node) []string{
			4: func(p place, row *html.Node) []string {
				return openAndForgotten(p.ofRow(row, "owner-"))
			},
			5: func(p place, row *html.Node) []string {
				return []string{words.Number(count(p.ofRow(row, "owner-"), late))}
			},
			6: func(p place, row *html.Node) []string { return p.halfOf(row, "owner-", "28d") },
			7: func(p place, row *html.Node) []string { return p.targetOf(row, "owner-") },
		}),
		[]rule{
			{`^/$`, `#owners > p.soft`, func(p place) []string {
				q := p.url.Query()
				lines := p.metrics.where("po_waits_open", "project", q.Get("project"), "owner", q.Get("owner"), "kind", q.Get("kind"))
				return []string{words.Number(len(lines) - 60)}
			}},
			{`^/owners/`, `#first > p > a`, func(p place) []string {
				of := map[bool]func(*query.Part) bool{true: forgotten, false: pressing}
				return []string{words.Number(count(p.chosen(), of[strings.Contains(attribute(p.node, "href"), "state=forgotten")]))}
			}},
			{`^/owners/`, `section[aria-labelledby=trend-title] > p`, func(place) []string { return []string{"28", "90"} }},
			{`^/owners/`, `ul.guards li`, place.guard},
		},
		ofColumns(`^/owners/`, `tr[id^=part-]`, map[int]func(place, *html.Node) []string{
			3: func(p place, row *html.Node) []string { return p.window(row, "28d") },
			4: func(p place, row *html.Node) []string { return p.window(row, "90d") },
			5: func(p place, row *html.Node) []string { return p.targetOf(row, "part-") },
			6: place.course,
		}),
		ofColumns(`^/owners/`, `tr[id^=load-]`, map[int]func(place, *html.Node) []string{
			3: func(p place, row *html.Node) []string { return p.perWeek(row, 28) },
			4: func(p place, row *html.Node) []string { return p.perWeek(row, 90) },
			5: func(p place, row *html.Node) []string { return openAndForgotten(p.ofRow(row, "load-part-")) },
			6: place.stoodIn,
		}),
		storyRules(), projectRules(), otherRules(), retroRules(),
	)
}

// openAndForgotten wants how many waits are open, and apart from them how many are forgotten.
func openAndForgotten(list []*query.Part) []string {
	out := []string{words.Number(count(list, pressing))}
	if n := count(list, forgotten); n > 0 {
		out = append(out, words.Number(n))
	}
	return out
}

// owner returns the owner that a page is about; "" if it is about all.
func (p place) owner() string {
	if owner, ok := strings.CutPrefix(p.url.Path, "/owners/"); ok {
		return owner
	}
	return p.url.Query().Get("owner")
}

// chosen returns the open waits that a page counts.
func (p place) chosen() []*query.Part {
	q := p.url.Query()
	return p.selected(q.Get("project"), p.owner(), q.Get("kind"))
}

// waitingAnswer wants how many waits are open, how many are in each state that presses, and how
// many are forgotten. The state that all of them are in has no number.
func (p place) waitingAnswer() (out []string) {
	list := p.chosen()
	open := count(list, pressing)
	if open > 0 {
		out = append(out, words.Number(open))
	}
	for _, state := range []string{"overdue_since_yesterday", "due_today", "new", "overdue"} {
		if n := p.in(list, state); n > 0 && n < open {
			out = append(out, words.Number(n))
		}
	}
	if n := count(list, forgotten); n > 0 {
		out = append(out, words.Number(n))
	}
	return out
}

func (p place) waitingTile() []string {
	state := strings.TrimPrefix(attribute(p.within(".tile"), "id"), "tile-")
	if state == "open" {
		state = ""
	}
	return []string{words.Number(count(p.chosen(), func(w *query.Part) bool { return p.listed(w, state) }))}
}

// wait returns the open wait of a row.
func (p place) wait() *query.Part {
	id := attribute(p.within("tr"), "id")
	for _, w := range p.open {
		if id == "wait-"+w.StoryID+"-"+w.Kind {
			return w
		}
	}
	p.Errorf("%s lists %s, which is not open", p.url, id)
	return &query.Part{}
}

func (p place) waited() []string {
	w := p.wait()
	out := append(p.long(w.WorkingSeconds, w.Owner, w.Project), p.long(w.TargetSeconds, w.Owner, w.Project)...)
	if w.Part > 1 {
		out = append(out, p.long(w.StoryWorkingSeconds, w.Owner, w.Project)...)
	}
	return out
}

// expectedWords wants when an answer is expected; where the clock stands, after how long.
func (p place) expectedWords() []string {
	w := p.wait()
	half, most, ok := p.expected(w)
	switch {
	case !ok:
		return nil
	case !p.paused[w]:
		return []string{"85", "100"}
	}
	return slices.Concat(p.long(half, w.Owner, w.Project), []string{"85", "100"}, p.long(most, w.Owner, w.Project))
}

// waitsPager wants which waits of how many are listed, and that it is those.
func (p place) waitsPager() []string {
	state, page := p.url.Query().Get("state"), p.url.Query().Get("page")
	if p.node.Parent.Parent.Data == "details" {
		state, page = "forgotten", p.url.Query().Get("forgotten")
	}
	total := count(p.chosen(), func(w *query.Part) bool { return p.listed(w, state) })
	number, err := strconv.Atoi(page)
	if err != nil {
		number = 1
	}
	from, to := (number-1)*query.DefaultPage+1, min(number*query.DefaultPage, total)
	rows := parts(p.node.Parent.Parent, "table.waits tbody tr")
	if len(rows) != to-from+1 {
		p.Errorf("%s lists %d waits, want %d to %d", p.url, len(rows), from, to)
	}
	for _, row := range rows {
		if w := (place{p.walk, p.url, p.main, row}).wait(); !p.listed(w, state) {
			p.Errorf("%s lists %s, which is %s", p.url, w.Story, p.states[w])
		}
	}
	out := []string{words.Number(to), words.Number(total)}
	if from != to {
		out = append([]string{words.Number(from)}, out...)
	}
	return out
}

// key returns the owner, the project and the kind that a row is about.
func (p place) key(row *html.Node, before string) (owner, project, kind string) {
	id := strings.TrimPrefix(attribute(row, "id"), before)
	id, kind = id[:strings.LastIndex(id, "-")], id[strings.LastIndex(id, "-")+1:]
	if strings.HasPrefix(p.url.Path, "/owners/") {
		return p.owner(), id, kind
	}
	return id[:strings.LastIndex(id, "-")], id[strings.LastIndex(id, "-")+1:], kind
}

// ofRow returns the open waits of a row.
func (p place) ofRow(row *html.Node, before string) []*query.Part {
	owner, project, kind := p.key(row, before)
	return p.selected(project, owner, kind)
}

// halfOf wants within what half of the waits of a row are answered.
func (p place) halfOf(row *html.Node, before, window string) []string {
	owner, project, kind := p.key(row, before)
	return p.quantile("po_wait_rolling_seconds", "0.5", window, p.calendar(owner, project).Day(), "owner", owner, "project", project, "kind", kind)
}

func (p place) targetOf(row *html.Node, before string) []string {
	owner, project, kind := p.key(row, before)
	return p.long(p.target(kind, project), owner, project)
}

// samples returns how many waits of a row ran in a window, by what became of them.
func (p place) samples(row *html.Node, window, state string) float64 {
	owner, project, kind := p.key(row, "part-")
	return p.sum("po_wait_rolling_samples", "owner", owner, "project", project, "kind", kind, "window", window, "state", state)
}

func (p place) window(row *html.Node, window string) []string {
	ended, open, n := p.samples(row, window, "ended"), p.samples(row, window, "open"), p.samples(row, window, "censored")
	out := append(p.halfOf(row, "part-", window), fmt.Sprint(ended+open+n), fmt.Sprint(ended), fmt.Sprint(open))
	if n > 0 {
		out = append(out, fmt.Sprint(n))
	}
	return out
}

// course wants the window that a sentence compares with, or how few answers there are.
func (p place) course(row *html.Node) []string {
	answered := p.samples(row, "28d", "ended")
	ran := answered + p.samples(row, "28d", "open") + p.samples(row, "28d", "censored")
	owner, project, kind := p.key(row, "part-")
	half := func(window string) numbers {
		return p.metrics.where("po_wait_rolling_seconds", "owner", owner, "project", project, "kind", kind, "window", window, "q", "0.5")
	}
	reached := func(n numbers) bool { return len(n) == 1 && !math.IsInf(n[0].value, 1) }
	switch recent := half("28d"); {
	case ran == 0:
		return []string{"28"}
	case len(recent) == 1 && !reached(recent):
		return nil
	case answered < 10:
		return []string{fmt.Sprint(answered)}
	case !reached(recent) || !reached(half("90d")):
		return nil
	}
	return []string{"90"}
}

// perWeek wants how many waits began in a week of a window.
func (p place) perWeek(row *html.Node, days int) []string {
	owner, project, kind := p.key(row, "load-part-")
	n, since := 0, p.at.AddDate(0, 0, -days)
	for i := range p.list {
		w := &p.list[i]
		if start := parsed(w.Start); w.Owner == owner && w.Project == project && w.Kind == kind && !start.Before(since) && start.Before(p.at) {
			n++
		}
	}
	return []string{fmt.Sprintf("%.1f", float64(n)*7/float64(days))}
}

const responses = "accepted|rejected|answered"

func (p place) stoodIn(row *html.Node) []string {
	owner, project, kind := p.key(row, "load-part-")
	of := []string{"owner", owner, "project", project, "kind", kind, "outcome", responses}
	return []string{p.whole("po_waits_ended_total", append(of, "responder", "delegate")...), p.whole("po_waits_ended_total", of...)}
}

// guard wants how often a guard found something, and of how many endings.
func (p place) guard() []string {
	for guard, g := range map[string]struct {
		metric, outcome, responder string
		constants                  []string
	}{
		"guard_reopened":           {"po_guard_reopened_total", "accepted", "", []string{"14"}},
		"guard_silent_rejection":   {"po_guard_silent_rejections_total", "rejected", "", nil},
		"guard_instant_acceptance": {"po_guard_instant_acceptances_total", "accepted", "owner|delegate", nil},
		"guard_asked_again":        {"po_guard_asked_again_total", "answered", "", []string{"8"}},
	} {
		if strings.Contains(strings.ReplaceAll(attribute(p.node, "id"), "-", "_"), strings.TrimPrefix(guard, "guard_")) {
			return append([]string{p.whole(g.metric, "owner", p.owner()), p.whole("po_waits_ended_total", "owner", p.owner(), "outcome", g.outcome, "responder", g.responder)}, g.constants...)
		}
	}
	p.Errorf("%s has a guard that no rule knows: %s", p.url, attribute(p.node, "id"))
	return nil
}
