package e2e

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// storyRules are those of the pages of stories.
func storyRules() []rule {
	const page = `^/stories/`
	fact := func(name string, want func(place, *query.Part) []string) rule {
		return rule{page, `section.open tr[data-fact=` + name + `] td`, func(p place) []string { return want(p, p.openHere(p.within("section"))) }}
	}
	return []rule{
		{page, `#heading > .answer`, func(p place) (out []string) {
			for _, section := range parts(p.main, "section.open") {
				w := p.openHere(section)
				shown, target := p.long(w.StoryWorkingSeconds, w.Owner, w.Project), p.long(w.TargetSeconds, w.Owner, w.Project)
				if shown[0] == target[0] {
					out = append(out, shown[1], target[1])
				} else {
					out = append(out, shown[0], target[0])
				}
			}
			return out
		}},
		fact("clock", func(p place, w *query.Part) []string {
			return append(p.long(w.WorkingSeconds, w.Owner, w.Project), p.long(w.TargetSeconds, w.Owner, w.Project)...)
		}),
		fact("story", func(p place, w *query.Part) []string { return p.long(w.StoryWorkingSeconds, w.Owner, w.Project) }),
		fact("elapsed", func(_ place, w *query.Part) []string {
			return []string{words.Elapsed(seconds(w.StoryElapsedSeconds)), words.Exact(seconds(w.StoryElapsedSeconds))}
		}),
		fact("asks", func(_ place, w *query.Part) []string { return []string{strconv.Itoa(w.Asks)} }),
		fact("expected", func(p place, w *query.Part) []string {
			half, most, ok := p.expected(w)
			if !ok {
				p.Errorf("%s expects an answer, and too few waits tell", p.url)
			}
			return slices.Concat(p.long(half, w.Owner, w.Project), []string{"85", "100"}, p.long(most, w.Owner, w.Project))
		}),
		{page, `#timeline desc`, place.barsDrawn},
		{page, `.pager p`, func(p place) []string {
			from, to := p.eventsHere()
			return []string{words.Number(from + 1), words.Number(to), words.Number(len(p.events(p.T, p.story())))}
		}},
		{page, `table.moments td:nth-child(2), table.moments td:nth-child(4)`, func(place) []string { return nil }},
		{page, `table.moments td:nth-child(5)`, place.clocksThen},
		{page, `#waits td:last-child`, nth(`#waits td:last-child`, func(p place, i int) []string {
			list := p.partsHere()
			return inWords(list[len(list)-1-i].WorkingSeconds, p.day())
		})},
		{page, `#waits > p.soft`, func(p place) []string { return []string{words.Number(len(p.partsHere()) - 20)} }},
		{page, `#odd + p.soft`, func(p place) []string {
			return []string{words.Number(p.findings(func(f *query.Finding) bool { return f.Story == p.story() }) - 20)}
		}},
	}
}

// story returns the key that a page is about.
func (p place) story() string { return strings.TrimPrefix(p.url.Path, "/stories/") }

// partsHere returns the parts of the waits of the story.
func (p place) partsHere() (out []*query.Part) {
	for i := range p.list {
		if p.list[i].Story == p.story() {
			out = append(out, &p.list[i])
		}
	}
	return out
}

// day returns how long the working day is of whoever had the story's last wait.
func (p place) day() time.Duration {
	list := p.partsHere()
	if len(list) == 0 {
		return 0
	}
	last := list[len(list)-1]
	return p.calendar(last.Owner, last.Project).Day()
}

// openHere returns the open wait that a section is about.
func (p place) openHere(section *html.Node) *query.Part {
	for _, w := range p.open {
		if w.Story == p.story() && w.Kind == attribute(section, "data-key") {
			return w
		}
	}
	p.Errorf("%s: no %s waits", p.url, attribute(section, "data-key"))
	return &query.Part{}
}

// barsDrawn wants how many parts of waits lie in the stretch that the picture's title names.
func (p place) barsDrawn() []string {
	title := p.text(parts(p.main, "#timeline svg > title")[0], nil)
	zone := time.UTC
	if list := p.partsHere(); len(list) > 0 {
		zone = p.calendar(list[len(list)-1].Owner, list[len(list)-1].Project).Zone()
	}
	_, stretch, _ := strings.Cut(title, ", ")
	first, last, _ := strings.Cut(stretch, " to ")
	from, err := time.ParseInLocation("2 Jan 2006 15:04", first, zone)
	if err != nil {
		p.Errorf("%s: %s", p.url, err)
	}
	to, err := time.ParseInLocation("2 Jan 2006 15:04", last, zone)
	if err != nil {
		p.Errorf("%s: %s", p.url, err)
	}
	n := count(p.partsHere(), func(w *query.Part) bool {
		return (w.End == nil || !parsed(*w.End).Before(from)) && parsed(w.Start).Before(to.Add(time.Minute))
	})
	return []string{words.Number(n)}
}

// eventsHere returns which events the page has: 40, the last ones at first.
func (p place) eventsHere() (from, to int) {
	all := len(p.events(p.T, p.story()))
	pages := (all + 39) / 40
	number, err := strconv.Atoi(p.url.Query().Get("events"))
	if err != nil {
		number = pages
	}
	to = all - 40*(pages-number)
	return max(0, to-40), to
}

// clocksThen wants what the clocks showed at an event, as `waits --story` prints it.
func (p place) clocksThen() (out []string) {
	from, _ := p.eventsHere()
	line := p.events(p.T, p.story())[from+p.index(p.node.Parent, "table.moments tbody tr")]
	for _, m := range minutes(line) {
		exact := time.Duration(m) * time.Minute
		text, at := p.text(p.node, nil), words.Working(exact, p.day())
		if wordIn(text, at) < 0 { // up to a minute more rounds to it
			at = words.Working(exact+59*time.Second, p.day())
		}
		out = append(out, at, words.Exact(exact))
	}
	return out
}

// findings counts findings of the audit.
func (w *facts) findings(so func(*query.Finding) bool) (n int) {
	for i := range w.odd {
		if so(&w.odd[i]) {
			n++
		}
	}
	return n
}

// expected returns when an answer to an open wait is expected, in seconds of working time
// from now on, by what `waits` lists of its owner's and kind's others of the last 90 days.
func (w *facts) expected(p *query.Part) (half, most float64, ok bool) {
	var others []ran
	ended := 0
	since := w.at.AddDate(0, 0, -90)
	for i := range w.list {
		o := &w.list[i]
		if o.Owner != p.Owner || o.Kind != p.Kind || partOf(o) == partOf(p) || !parsed(o.Start).Before(w.at) || o.End != nil && !parsed(*o.End).After(since) {
			continue
		}
		one := ran{entry: -1, age: o.WorkingSeconds, event: responded(o)}
		if parsed(o.Start).Before(since) {
			one.entry = w.then[partOf(o)]
		}
		if one.event {
			ended++
		}
		others = append(others, one)
	}
	after := func(age float64) (n int) { // at risk right after an age
		for _, o := range others {
			if o.entry <= age && o.age > age {
				n++
			}
		}
		return n
	}
	a := p.WorkingSeconds
	if ended < 10 || after(a) < 3 {
		return 0, 0, false
	}
	var ages []float64
	for _, o := range others {
		if o.age > a {
			ages = append(ages, o.age)
		}
	}
	slices.Sort(ages)
	watched := ages[slices.IndexFunc(ages, func(age float64) bool { return after(age) < 3 })]
	remaining := func(q float64) float64 {
		left := 1.0
		for _, age := range slices.Compact(slices.Clone(ages)) {
			risk, events := 0.0, 0.0
			for _, o := range others {
				if o.entry < age && o.age >= age {
					risk++
					if o.event && o.age == age {
						events++
					}
				}
			}
			if left *= 1 - events/risk; left <= 1-q+1e-9 {
				return min(age, watched) - a
			}
		}
		return watched - a
	}
	return remaining(0.5), remaining(0.85), true
}
