package render

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/retrospective"
)

// Charts have a width in percent and a height in pixels: their letters have the size of
// the page's at any width. Each stands beside the table or the list that says the same,
// and its rows bear their numbers as text.

// The layout of a row: a line of text, and the bar below it.
const (
	rowHeight = 38
	textAt    = 13 // the baseline of a row's text
	barAt     = 20
	barHeight = 11
	axisBelow = 22 // for the scale
)

// The plot in percent of the chart's width: marks at either end are not cut.
const plotFrom, plotTo = 0.5, 97.0

// chart is what charts have in common.
type chart struct {
	ID          string // of its title and its description
	Title, Desc string
	Height      int
	Axis        int // where the scale's line is
	Ticks       []tick
}

// tick is a mark of the scale.
type tick struct {
	X, Text string
	Last    bool // its text ends there
}

// place is where a row stands.
type place struct {
	Name      string
	TextY     int
	Y, Middle int
	This      bool
}

func placed(n int, name string, this bool) place {
	y := n * rowHeight
	return place{name, y + textAt, y + barAt, y + barAt + barHeight/2, this}
}

// Bar is how high a bar is.
func (place) Bar() int { return barHeight }

// scale turns numbers into places.
type scale struct{ most float64 }

// x returns where a number stands.
func (s scale) x(v float64) string {
	return fmt.Sprintf("%.2f%%", plotFrom+(plotTo-plotFrom)*min(max(v/s.most, 0), 1))
}

// width returns how wide a bar from one number to another is.
func (s scale) width(from, to float64) string {
	return fmt.Sprintf("%.2f%%", (plotTo-plotFrom)*(min(to/s.most, 1)-min(from/s.most, 1)))
}

// ticks returns at most five marks of a scale, with what comes after their numbers.
func (s scale) ticks(unit string) []tick {
	step := 1.0
	for i, factor := 0, []float64{2, 2.5, 2}; s.most/step > 5; i++ {
		step *= factor[i%3]
	}
	var out []tick
	for v := 0.0; v <= s.most; v += step {
		out = append(out, tick{X: s.x(v), Text: fmt.Sprintf("%.0f%s", v, unit), Last: v/s.most > 0.9})
	}
	return out
}

func (c *chart) lay(rows int) {
	c.Axis = rows*rowHeight + 2
	c.Height = c.Axis + axisBelow
}

// spans is a chart of intervals: how long half and 85 of 100 waits took, by range.
type spans struct {
	chart
	Target string // where it is
	Rows   []spanRow
}

type spanRow struct {
	place
	Half, Most *mark // nil: not reached
}

// mark is an estimate and its interval.
type mark struct {
	X, From, To string
	Beyond      bool // the interval ends outside the chart, or nowhere
}

// rangeSpans charts how long waits took in each range. There is none without at least
// two ranges that have an estimate.
func rangeSpans(p *retrospective.Project, w *retrospective.Waits, rows []row) *spans {
	target := w.Target.Hours()
	most, told := 1.25*target, 0
	for i := range w.Cells {
		c := &w.Cells[i]
		if c.Responded > 0 && c.Median.Reached {
			told++
			most = max(most, 1.15*c.Median.Hours())
			if c.P85.Reached {
				most = max(most, 1.15*c.P85.Hours())
			}
		}
	}
	if told < 2 {
		return nil
	}
	s := scale{max(most, 1)}
	out := &spans{Target: s.x(target)}
	var said []string
	for i := range rows {
		c := &w.Cells[len(w.Cells)-1-i]
		text := rows[i].Short + ": "
		if c.Responded == 0 {
			text += "nobody responded"
		} else {
			text += "half " + within(c.Median) + ", 85 of 100 " + within(c.P85)
		}
		text = strings.ReplaceAll(text, " within ", " ")
		said = append(said, text)
		r := spanRow{place: placed(i, text, rows[i].This)}
		if c.Responded > 0 {
			r.Half, r.Most = s.mark(c.Median, c.Interval), s.mark(c.P85, c.P85Within)
		}
		out.Rows = append(out.Rows, r)
	}
	out.Title = fmt.Sprintf("%s: how long %s waits took, by range", plain(p.Key), w.Kind)
	out.Desc = strings.Join(said, "; ") + ". The target is " + Length(w.Target) + "."
	out.Ticks = s.ticks(" h")
	out.lay(len(rows))
	return out
}

func (s scale) mark(l retrospective.Length, in retrospective.Interval) *mark {
	if !l.Reached {
		return nil
	}
	m := &mark{X: s.x(l.Hours()), From: s.x(l.Hours()), To: s.x(l.Hours())}
	if in.Low.Reached {
		m.From = s.x(in.Low.Hours())
	}
	if m.Beyond = !in.High.Reached || in.High.Hours() > s.most; m.Beyond {
		m.To = s.x(s.most)
	} else {
		m.To = s.x(in.High.Hours())
	}
	return m
}

// bars is a chart of a bar for each row.
type bars struct {
	chart
	Rows []bar
}

type bar struct {
	place
	Class   string // of what it is
	X       string
	Width   string
	Further string   // where what is only perhaps so begins; "": nowhere
	Perhaps string   // its width
	Marks   []string // where other ranges are, or the target
}

// stageBars charts where the cycle time of a range went, with a mark for each range
// before. Waiting for the owner comes first, with what a question adds to it at most.
func stageBars(p *retrospective.Project) *bars {
	now := &p.Share[0]
	if now.Hours == 0 {
		return nil
	}
	share := func(s *retrospective.Share, name latency.Stage) (float64, float64) {
		for _, st := range s.Stages {
			if st.Name == name {
				return st.Share, st.Hours
			}
		}
		return 0, 0
	}
	most := now.High
	for i := range p.Share {
		for _, st := range p.Share[i].Stages {
			most = max(most, st.Share)
		}
	}
	s := scale{100 * min(1.05*most, 1)}
	out := &bars{}
	var said []string
	add := func(name, text, class string, low, high float64, marks []float64) {
		b := bar{place: placed(len(out.Rows), name+": "+text, false), Class: class, X: s.x(0), Width: s.width(0, 100*low)}
		if high > low {
			b.Further, b.Perhaps = s.x(100*low), s.width(100*low, 100*high)
		}
		for _, m := range marks {
			b.Marks = append(b.Marks, s.x(100*m))
		}
		said = append(said, name+" "+text)
		out.Rows = append(out.Rows, b)
	}
	before := func(of func(*retrospective.Share) float64) (marks []float64) {
		for i := range p.Share[1:] {
			if b := &p.Share[1+i]; b.Hours > 0 {
				marks = append(marks, of(b))
			}
		}
		return marks
	}
	add("waiting for the owner", bounds(*now), "owner", now.Low, now.High, before(func(b *retrospective.Share) float64 { return b.Low }))
	for _, st := range now.Stages {
		if st.Name == latency.StageOwner || st.Name == latency.StageOwnerQuestion {
			continue
		}
		marks := before(func(b *retrospective.Share) float64 { v, _ := share(b, st.Name); return v })
		add(stage(st.Name), fmt.Sprintf("%s, %.0f h", percent(st.Share), st.Hours), "other", st.Share, st.Share, marks)
	}
	out.Title = plain(p.Key) + ": where the cycle time went"
	out.Desc = strings.Join(said, "; ") + fmt.Sprintf(" of %.0f h that %d stories lived.", now.Hours, now.Stories)
	out.Ticks = s.ticks(" %")
	out.lay(len(out.Rows))
	return out
}

// longestBars charts the longest waits, each with its target.
func longestBars(list []wait, waits []retrospective.Waited, r *retrospective.Report) *bars {
	if len(waits) < 2 {
		return nil
	}
	targets := map[string]time.Duration{}
	for i := range r.Projects {
		for _, w := range r.Projects[i].Waits {
			targets[r.Projects[i].Key+" "+string(w.Kind)] = w.Target.Duration
		}
	}
	target := func(w *retrospective.Waited) float64 { return targets[w.Project+" "+string(w.Kind)].Hours() }
	most := 1.0
	for i := range waits {
		most = max(most, waits[i].Within.Hours(), target(&waits[i]))
	}
	s := scale{1.03 * most}
	out := &bars{}
	var said []string
	for i := range waits {
		w := &waits[i]
		text := fmt.Sprintf("%s, %s: %s", list[i].Story.Key, w.Kind, list[i].Within)
		b := bar{place: placed(i, text, false), Class: string(w.Kind), X: s.x(0), Width: s.width(0, w.Within.Hours())}
		if t := target(w); t > 0 {
			b.Marks = []string{s.x(t)}
		}
		said = append(said, text)
		out.Rows = append(out.Rows, b)
	}
	out.Title, out.Desc = "The longest waits, as long as they stood within the range", strings.Join(said, "; ")+"."
	out.Ticks = s.ticks(" h")
	out.lay(len(waits))
	return out
}

// stack is a chart of what became of the waits of each range.
type stack struct {
	chart
	Rows   []stackRow
	Legend []stackPart // what each class is
}

type stackRow struct {
	place
	Parts []stackPart
}

type stackPart struct {
	Class, Text string
	X, Width    string
}

// outcomeStack charts what became of waits, by range. There is none where the waits of
// less than two ranges ended.
func outcomeStack(p *retrospective.Project, w *retrospective.Waits, rows []row) *stack {
	type part struct {
		class, text string
		count       func(*retrospective.Cell) int
	}
	of := func(outcomes ...latency.Outcome) func(*retrospective.Cell) int {
		return func(c *retrospective.Cell) (n int) {
			for _, o := range outcomes {
				n += c.Outcomes[o]
			}
			return n
		}
	}
	parts := []part{
		{"taken", "accepted", of(latency.Accepted)},
		{"back", "rejected", of(latency.Rejected)},
		{"taken", "answered", of(latency.Answered)},
		{"away", "other", of(latency.Recalled, latency.Resolved, latency.Withdrawn, latency.Obsolete, latency.Lapsed, latency.HandedOver)},
		{"open", "open", func(c *retrospective.Cell) int { return c.Open }},
	}
	most, told := 0, 0
	used := map[string]bool{}
	for i := range w.Cells {
		sum := 0
		for _, part := range parts {
			n := part.count(&w.Cells[i])
			sum += n
			used[part.text] = used[part.text] || n > 0
		}
		most = max(most, sum)
		if sum > w.Cells[i].Open {
			told++
		}
	}
	if told < 2 {
		return nil
	}
	s := scale{math.Max(1, 1.03*float64(most))}
	out := &stack{}
	for _, part := range parts {
		if used[part.text] {
			out.Legend = append(out.Legend, stackPart{Class: part.class, Text: part.text})
		}
	}
	var said []string
	for i := range rows {
		c := &w.Cells[len(w.Cells)-1-i]
		var words []string
		var r stackRow
		at := 0
		for _, part := range parts {
			n := part.count(c)
			if n == 0 {
				continue
			}
			words = append(words, fmt.Sprintf("%d %s", n, part.text))
			r.Parts = append(r.Parts, stackPart{Class: part.class, X: s.x(float64(at)), Width: s.width(float64(at), float64(at+n))})
			at += n
		}
		if len(words) == 0 {
			words = []string{"nothing waited"}
		}
		text := rows[i].Short + ": " + strings.Join(words, ", ")
		r.place = placed(i, text, rows[i].This)
		said = append(said, text)
		out.Rows = append(out.Rows, r)
	}
	out.Title = fmt.Sprintf("%s: what became of %s waits, by range", plain(p.Key), w.Kind)
	out.Desc = strings.Join(said, "; ") + "."
	out.Ticks = s.ticks("")
	out.lay(len(rows))
	return out
}
