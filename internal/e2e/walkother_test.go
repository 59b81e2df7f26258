package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// otherRules are those of the pages about the measuring itself.
func otherRules() []rule {
	reason := func(_ place, row *html.Node) string { return strings.TrimPrefix(attribute(row, "id"), "reason-") }
	doubtful := func(f *query.Finding) bool {
		return slices.ContainsFunc(measure.Reasons(), func(r measure.Reason) bool { return r.Code == f.Reason && r.Doubtful })
	}
	return slices.Concat(ofColumns(`^/data`, `tr[id^=reason-]`, map[int]func(place, *html.Node) []string{
		2: func(p place, row *html.Node) []string {
			byProject := map[string]int{}
			total := p.findings(func(f *query.Finding) bool {
				if f.Reason == reason(p, row) {
					byProject[f.Project]++
				}
				return f.Reason == reason(p, row)
			})
			out := []string{words.Number(total)}
			for _, project := range slices.Sorted(keysOf(byProject)) {
				if project != "" {
					out = append(out, project+" "+words.Number(byProject[project]))
				}
			}
			return out
		},
		3: func(place, *html.Node) []string { return nil },
	}), []rule{
		{`^/how`, `#heading > .answer`, func(p place) (out []string) {
			if sets := parts(p.main, `h2[id^=of-]`); len(sets) == 1 {
				for _, kind := range []string{"acceptance", "question"} {
					out = append(out, words.Exact(seconds(p.target(kind, strings.TrimPrefix(attribute(sets[0], "id"), "of-")))))
				}
			}
			return out
		}},
		{`^/how`, `tr:has(a[href="#target"]) td p`, place.targetHere},
		{`^/data`, `#heading > .answer`, func(p place) []string {
			reasons := map[string]bool{}
			n := p.findings(func(f *query.Finding) bool {
				reasons[f.Reason] = reasons[f.Reason] || doubtful(f)
				return doubtful(f)
			})
			kinds := 0
			for _, yes := range reasons {
				if yes {
					kinds++
				}
			}
			if n == 0 {
				return nil
			}
			return []string{words.Number(n), words.Number(kinds)}
		}},
	}, syncRules())
}

// targetHere wants the target of the kind of wait of a row; a long one exactly too. It is
// that of the projects that the column, or the sentence, names, or of all.
func (p place) targetHere() []string {
	row := p.within("tr")
	kind := []string{"acceptance", "question"}[p.index(row, `tr:has(a[href="#target"])`)%2]
	project := p.metrics.where("po_wait_target_seconds", "kind", kind)[0].labels["project"]
	if names, _, ok := strings.Cut(p.text(p.node, nil), ": "); ok {
		project = strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })[0]
	} else if heads := parts(p.within("table"), "thead th"); len(heads) > 0 {
		project = strings.TrimPrefix(attribute(heads[slices.Index(parts(row, "th, td"), p.within("td"))], "id"), "of-")
	}
	target, day := p.target(kind, project), p.cfg.ProjectCalendar(project).Day()
	if out := inWords(target, day); seconds(target) >= day {
		return out
	}
	return inWords(target, day)[:1]
}

// syncRules are those of the page about the synchronisation. Nothing has changed in Jira
// since the store was filled, so the one poll of the service found nothing.
func syncRules() []rule {
	const page = `^/sync`
	took := func(p place) []string {
		d := seconds(p.sum("yourturn_poll_duration_seconds")).Round(time.Millisecond)
		if d >= time.Second {
			d = d.Round(100 * time.Millisecond)
		}
		return []string{d.String()}
	}
	// series wants the value of a metric whose labels are the row's first cells.
	series := func(metric string, labels ...string) func(place, *html.Node) []string {
		return func(p place, row *html.Node) []string {
			var of []string
			for i, cell := range parts(row, "th, td")[:len(labels)] {
				of = append(of, labels[i], p.text(cell, nil))
			}
			return []string{fmt.Sprint(p.sum(metric, of...))}
		}
	}
	return slices.Concat([]rule{
		{page, `#age .number`, func(place) []string { return []string{"0"} }}, // the clock stands
		{page, `#took .number`, func(p place) []string { return took(p) }},
		{page, `#requests .number`, func(p place) []string { return []string{p.whole("yourturn_jira_requests_total")} }},
		{page, `#unreadable .number`, func(p place) []string {
			return []string{words.Number(p.findings(func(f *query.Finding) bool { return f.Reason == "quarantined" }))}
		}},
		{page, `#cycles td`, nth(`#cycles td`, func(p place, i int) []string {
			return map[int][]string{0: {"0"}, 1: took(p)}[i]
		})},
		{page, `#facts td`, func(p place) []string {
			if text := p.text(p.node, nil); text == "yes" || text == "no" {
				return nil
			}
			return []string{"0"}
		}},
		{page, `#census-found td`, nth(`#census-found td`, func(p place, i int) []string {
			results := []string{"shown", "stored", "gone", "moved", "invisible", "late", "returned"}
			if i < 2 || p.sum("yourturn_census_stories") == 0 { // instants, or that it was before the start
				return nil
			}
			return []string{fmt.Sprint(p.sum("yourturn_census_stories", "result", results[i-2]))}
		})},
		{page, `#audit td`, func(p place) []string {
			reason := p.text(parts(p.within("tr"), "th")[0], nil)
			return []string{strconv.Itoa(p.findings(func(f *query.Finding) bool { return f.Reason == reason }))}
		}},
	},
		ofColumns(page, `#requests-made tbody tr`, map[int]func(place, *html.Node) []string{
			2: func(p place, row *html.Node) []string { return []string{p.text(parts(row, "td")[0], nil)} }, // a label, by which the next is found
			3: series("yourturn_jira_requests_total", "endpoint", "code"),
		}),
		ofColumns(page, `#budgets tbody tr`, map[int]func(place, *html.Node) []string{
			2: series("yourturn_jira_rate_limit_remaining_requests", "endpoint"),
			3: series("yourturn_jira_rate_limit_requests", "endpoint"),
		}),
	)
}

// keysOf returns the keys of a map.
func keysOf(m map[string]int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}
