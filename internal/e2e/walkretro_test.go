package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// retroRules are those of retrospectives.
func retroRules() []rule {
	const page = `^/retro`
	section := func(name string) string { return `section[aria-labelledby=` + name + `] ` }
	const stamp = "2 Jan 2006 15:04"
	// of is a rule for what stands in the places that a selector finds, in order.
	of := func(at string, want func(r *retroTold, i int) []string) rule {
		return rule{page, at, nth(at, func(p place, i int) []string { return want(p.retroOf(p.url), i) })}
	}
	// table is a rule for each column of the nth row of a section's tables.
	table := func(rows string, want map[int]func(r *retroTold, i int) []string) (out []rule) {
		cells := map[int]func(place, *html.Node) []string{}
		for column, f := range want {
			cells[column] = func(p place, row *html.Node) []string { return f(p.retroOf(p.url), p.index(row, rows)) }
		}
		return ofColumns(page, rows, cells)
	}
	// ranged is table for rows of ranges, from the earliest to that reported on; on a page
	// of many projects there is that alone.
	ranged := func(r *retroTold, i int) (which, back int) {
		if r.brief() {
			return i, 0
		}
		n := 1 + len(r.Before)
		return i / n, n - 1 - i%n
	}
	cell := func(want func(c *retroCell) []string) func(r *retroTold, i int) []string {
		return func(r *retroTold, i int) []string {
			which, back := ranged(r, i)
			return want(&r.kinds()[which].Ranges[back])
		}
	}
	number := func(want func(c *retroCell) int) func(r *retroTold, i int) []string {
		return cell(func(c *retroCell) []string { return integers(want(c)) })
	}
	lived := func(want func(r *retroTold, p *retroProject, back int) []string) func(r *retroTold, i int) []string {
		return func(r *retroTold, i int) []string {
			which, back := ranged(r, i)
			return want(r, &r.Projects[which], back)
		}
	}
	guard := func(want func(p *retroProject, back int) int) func(r *retroTold, i int) []string {
		return lived(func(_ *retroTold, p *retroProject, back int) []string { return integers(want(p, back)) })
	}
	first := func(many func(r *retroTold, i int) []string) func(r *retroTold, i int) []string { // of tables with a row for each range
		return func(r *retroTold, i int) []string {
			if r.brief() {
				return nil
			}
			return many(r, i)
		}
	}
	// The table of many projects has other columns.
	short := func(column map[bool]func(r *retroTold, i int) []string) func(r *retroTold, i int) []string {
		return func(r *retroTold, i int) []string { return column[r.brief()](r, i) }
	}
	begun, responded, openEnd := number(func(c *retroCell) int { return c.Begun }), number(func(c *retroCell) int { return c.Responded }), number(func(c *retroCell) int { return c.Open })
	met, past := number(func(c *retroCell) int { return c.Met }), number(func(c *retroCell) int { return c.Late })
	half, most := cell((*retroCell).half), cell((*retroCell).most)
	firstTry := cell(func(c *retroCell) []string {
		if c.FirstPass.Stories == 0 {
			return nil
		}
		return integers(c.FirstPass.Accepted, c.FirstPass.Stories)
	})
	target := func(r *retroTold, i int) []string { return []string{length(r.kinds()[i].Target)} }
	named := first(func(r *retroTold, i int) []string { _, back := ranged(r, i); return r.rangeName(back) })
	still := func(r *retroTold, i int) *retroWait {
		list := r.still(false)[:min(25, len(r.still(false)))]
		if i < len(list) {
			return list[i]
		}
		return r.still(true)[i-len(list)]
	}
	saving := func(want func(s *retroSaving) []string) func(r *retroTold, i int) []string {
		return func(r *retroTold, i int) []string {
			if list := r.savings(); i < len(list) {
				return want(&list[i])
			}
			return nil
		}
	}
	return slices.Concat([]rule{
		of(`#heading h1`, func(r *retroTold, _ int) []string { return r.extent(r.Range) }),
		of(`#made ~ p.soft`, func(r *retroTold, _ int) (out []string) {
			for i := range slices.Backward(r.Before) {
				out = append(out, r.rangeName(i+1)...)
			}
			return out
		}),
		of(`.panel > .answer`, func(r *retroTold, i int) []string { return r.verdict(&r.Projects[i]) }),
		of(`.panel dd`, func(r *retroTold, i int) []string {
			var all []*retroKind
			for j := range r.Projects {
				for k := range r.Projects[j].Waits {
					all = append(all, &r.Projects[j].Waits[k])
				}
			}
			return all[i].inShort()
		}),
		of(section("talk")+`li > span`, func(r *retroTold, i int) []string { return []string{r.Talk[i].Evidence} }),
		of(section("waited")+`> h3`, target),
		of(section("waited")+`> p.soft`, func(r *retroTold, i int) []string {
			notes := r.about("intervals", "ranges")
			if r.brief() {
				notes = append([]string{""}, notes...)
			}
			return notes[i : i+1]
		}),
		{page, section("waited") + `figcaption`, func(p place) []string {
			if len(parts(p.node.Parent, "line.target")) == 0 {
				return nil
			}
			return []string{"85", "100"}
		}},
		{page, section("waited") + `svg.plot > desc`, place.plotted},
		{page, section("waited") + `svg.plot > text.row`, place.plotted},
		of(section("longest")+`svg.plot > text.row`, func(r *retroTold, i int) []string { return []string{length(r.Longest[i].Within)} }),
		of(section("longest")+`svg.plot > desc`, func(r *retroTold, _ int) (out []string) {
			for i := range r.Longest {
				out = append(out, length(r.Longest[i].Within))
			}
			return out
		}),
		of(section("still-open")+`h3 + p`, func(*retroTold, int) []string { return []string{"10", "15"} }), // of SPEC
		of(section("still-open")+`.wide + p`, func(r *retroTold, i int) []string {
			n := len(r.still(false)) - 25
			if i > 0 || n <= 0 {
				n = len(r.still(true)) - 25
			}
			return integers(n)
		}),
		of(section("stand-ins")+`h2`, func(r *retroTold, _ int) []string { return integers(r.StandInDays) }),
		of(section("stand-ins")+`> p`, func(r *retroTold, i int) []string { return r.about("stand_ins")[i : i+1] }),
		of(section("what-if")+`> p`, func(r *retroTold, i int) []string { return r.about("what_if")[i : i+1] }),
		of(section("unseen")+`li`, func(r *retroTold, i int) []string { return []string{r.LeftOut[i].What, r.LeftOut[i].Why} }),
	},
		table(section("waited")+"tbody tr", map[int]func(r *retroTold, i int) []string{
			1:  named,
			2:  short(map[bool]func(r *retroTold, i int) []string{false: begun, true: func(*retroTold, int) []string { return nil }}),
			3:  short(map[bool]func(r *retroTold, i int) []string{false: responded, true: target}),
			4:  short(map[bool]func(r *retroTold, i int) []string{false: openEnd, true: begun}),
			5:  short(map[bool]func(r *retroTold, i int) []string{false: met, true: responded}),
			6:  short(map[bool]func(r *retroTold, i int) []string{false: past, true: openEnd}),
			7:  short(map[bool]func(r *retroTold, i int) []string{false: half, true: past}),
			8:  short(map[bool]func(r *retroTold, i int) []string{false: most, true: half}),
			9:  short(map[bool]func(r *retroTold, i int) []string{false: firstTry, true: most}),
			10: cell((*retroCell).became),
		}),
		table(section("time")+"tbody tr", map[int]func(r *retroTold, i int) []string{
			1: named,
			2: lived(func(r *retroTold, p *retroProject, back int) []string { return []string{r.bounds(p, back)} }),
			3: lived(func(_ *retroTold, p *retroProject, back int) []string {
				return []string{fmt.Sprintf("%.0f", p.Share[back].Hours)}
			}),
			4: lived(func(_ *retroTold, p *retroProject, back int) []string { return integers(p.Share[back].Stories) }),
			5: lived(func(_ *retroTold, p *retroProject, back int) []string {
				if p.Share[back].Blocker == "" {
					return nil
				}
				return percents(p.Share[back].By)
			}),
			6:  guard(func(p *retroProject, back int) int { return p.Guards[back].Reopened }),
			7:  guard(func(p *retroProject, back int) int { return p.Guards[back].Silent }),
			8:  guard(func(p *retroProject, back int) int { return p.Guards[back].Instant }),
			9:  guard(func(p *retroProject, back int) int { return p.Guards[back].AskedAgain }),
			10: guard(func(p *retroProject, back int) int { return p.Guards[back].Bypassed }),
		}),
		[]rule{{page, section("time") + `svg.plot > text.row, ` + section("time") + `svg.plot > desc`, place.lived}},
		table(section("longest")+"tbody tr", map[int]func(r *retroTold, i int) []string{
			1: func(*retroTold, int) []string { return nil },
			4: func(r *retroTold, i int) []string { return []string{r.day(r.Longest[i].Start, stamp)} },
			5: func(r *retroTold, i int) []string {
				if r.Longest[i].End == nil {
					return nil
				}
				return []string{r.day(*r.Longest[i].End, stamp)}
			},
			6: func(r *retroTold, i int) []string { return []string{length(r.Longest[i].Within)} },
			7: func(r *retroTold, i int) []string { return r.Longest[i].aged() },
			8: func(r *retroTold, i int) []string { return r.steps(&r.Longest[i]) },
		}),
		table(section("still-open")+"tbody tr", map[int]func(r *retroTold, i int) []string{
			4: func(r *retroTold, i int) []string { return []string{r.day(still(r, i).Start, stamp)} },
			5: func(r *retroTold, i int) []string { return still(r, i).aged() },
		}),
		table(section("owners")+"tbody tr", map[int]func(r *retroTold, i int) []string{
			4: func(r *retroTold, i int) []string { c := r.owners()[i].Ranges[0]; return integers(c.Responded, c.Open) },
			5: func(r *retroTold, i int) []string { return r.owners()[i].Ranges[0].half() },
			6: func(r *retroTold, i int) []string { return r.owners()[i].Ranges[0].most() },
			7: func(r *retroTold, i int) []string {
				c := r.owners()[i].Ranges[0]
				return integers(c.Late, c.Late+c.Met)
			},
			8: func(r *retroTold, i int) []string { return r.owners()[i].change() },
		}),
		table(section("stand-ins")+"tbody tr", map[int]func(r *retroTold, i int) []string{
			3: func(r *retroTold, i int) []string { return r.StandIns[i].With.sizes() },
			4: func(r *retroTold, i int) []string { return r.StandIns[i].Without.sizes() },
			5: func(r *retroTold, i int) []string {
				if !r.StandIns[i].Compared {
					return nil
				}
				return reached(r.StandIns[i].Median, r.StandIns[i].MedianInterval)
			},
			6: func(r *retroTold, i int) []string {
				s := r.StandIns[i]
				if !s.Compared || s.Mean == nil {
					return nil
				}
				return append(reached(s.Mean, s.MeanInterval), length(s.Horizon))
			},
			7: func(r *retroTold, i int) []string {
				s := r.StandIns[i]
				if !s.Compared {
					return nil
				}
				return []string{probability(s.Corrected), probability(s.P), probability(s.PWeeks)}
			},
			8: func(r *retroTold, i int) []string {
				power := r.StandIns[i].Power
				if power == 0 {
					power = 24
				}
				return append(integers(power), "100")
			},
		}),
		table(section("what-if")+`tbody tr`, map[int]func(r *retroTold, i int) []string{
			2: func(r *retroTold, i int) []string {
				list := r.savings()
				if i >= len(list) {
					return reached(r.CycleTime[i-len(list)].Low, r.CycleTime[i-len(list)].Lows)
				}
				if !list[i].Told {
					return nil
				}
				return append(reached(list[i].PerWait, list[i].Interval), length(list[i].Horizon))
			},
			3: func(r *retroTold, i int) []string {
				list := r.savings()
				if i < len(list) {
					return integers(list[i].Past, list[i].Ran)
				}
				if c := r.CycleTime[i-len(list)]; c.High != nil {
					return reached(c.High, c.Highs)
				}
				return nil
			},
			4: func(r *retroTold, i int) []string {
				list := r.savings()
				if i >= len(list) {
					return []string{fmt.Sprintf("%.0f", r.CycleTime[i-len(list)].Hours)}
				}
				if !list[i].Told {
					return nil
				}
				return append(reached(list[i].Total, list[i].Totals), strconv.Itoa(list[i].Begun))
			},
			5: saving(func(s *retroSaving) []string { return []string{length(s.Absent)} }),
		}),
	)
}

// plotted wants what a chart of a kind of waits says, or a row of it.
func (p place) plotted() (out []string) {
	r := p.retroOf(p.url)
	svg := p.within("svg.plot")
	id := strings.Split(attribute(svg, "aria-labelledby"), "-") // such as waits-0-1-t
	project, _ := strconv.Atoi(id[1])                           //nolint:errcheck // then it is 0
	kind, _ := strconv.Atoi(id[2])                              //nolint:errcheck // likewise
	k := &r.Projects[project].Waits[kind]
	row := slices.Index(parts(svg, "text.row"), p.node)
	for i := range slices.Backward(k.Ranges) {
		if row < 0 || row == len(k.Ranges)-1-i {
			out = append(out, r.shortly(i)...)
			if id[0] == "waits" {
				out = append(out, k.Ranges[i].inChart()...)
			} else {
				out = append(out, k.Ranges[i].stacked()...)
			}
		}
	}
	if row < 0 && id[0] == "waits" {
		out = append(out, length(k.Target))
	}
	return out
}

// lived wants what the chart of a project's stages says, or a row of it.
func (p place) lived() (out []string) {
	r := p.retroOf(p.url)
	svg := p.within("svg.plot")
	project, _ := strconv.Atoi(strings.Split(attribute(svg, "aria-labelledby"), "-")[1]) //nolint:errcheck // then it is 0
	pr := &r.Projects[project]
	rows := [][]string{{r.bounds(pr, 0)}}
	for _, st := range pr.Share[0].Stages {
		if st.Stage != "owner" && st.Stage != "owner_question" {
			rows = append(rows, append(percents(st.Share), fmt.Sprintf("%.0f h", st.Hours)))
		}
	}
	if row := slices.Index(parts(svg, "text.row"), p.node); row >= 0 {
		return rows[row]
	}
	return append(slices.Concat(rows...), fmt.Sprintf("%.0f", pr.Share[0].Hours), strconv.Itoa(pr.Share[0].Stories))
}
