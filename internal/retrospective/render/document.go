package render

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/retrospective"
)

// most is how many rows a list of waits shows; JSON and CSV have all.
const most = 25

// document is a report in words, which templates put in their places. Its texts are
// plain: each template escapes them.
type document struct {
	Brief    bool // of each project only what is of the range itself
	Title    string
	Answer   string
	AsOf     string
	Zone     string
	Compared []string
	Projects []project
	Talk     []topic

	Longest    []wait
	LongestBar *bars
	Open       list
	Forgotten  list

	Owners      []ownerRow
	StandIns    []standIn
	StandInDays int
	WhatIf      []saving
	CycleTime   []cycleSaving
	LeftOut     []retrospective.Omission
	notes       []retrospective.Note
}

type project struct {
	Key        string
	Bottleneck string
	Kinds      []kind
	Ranges     []projectRow // from the earliest to the one reported on
	Stages     *bars
}

// kind is a kind of waits in a project.
type kind struct {
	Name    string
	Target  string
	Summary string // how long they took, and how many
	Better  string // sooner, later …
	Change  string // by how much, of how many
	Shows   string // what so many can show; "" where nothing is compared
	Nothing bool   // nothing waited in any of the ranges
	Caution string // "" where there is none
	Rows    []row
	Chart   *spans
	Became  *stack
}

// row is a range of a kind of waits.
type row struct {
	Range, Short                           string
	This                                   bool
	Begun, Responded, Open, Met, Late      int
	Half, Most, Became, FirstTry, Censored string
}

// projectRow is a range of a project.
type projectRow struct {
	Range                                           string
	This                                            bool
	Share, Blocker                                  string
	Hours                                           string
	Stories                                         int
	Reopened, Silent, Instant, AskedAgain, Bypassed int
}

type topic struct{ Project, Question, Evidence string }

// story is how a story is named and found.
type story struct{ Key, Title, URL string }

type wait struct {
	Story                                     story
	Kind, On, Since, Until, Within, Age, Away string
	Steps                                     []string
}

// list is waits of which a document shows the first.
type list struct {
	Waits []wait
	More  int
}

type ownerRow struct{ Owner, Project, Kind, Sizes, Half, Most, Late, Change string }

type standIn struct{ Owner, Project, Kind, With, Without, Median, Mean, P, Parts, Shows string }

type saving struct{ Owner, Waits, Each, Rests, Total, Away string }

type cycleSaving struct{ Project, Low, High, Of string }

// newDocument puts a report in words.
func newDocument(r *retrospective.Report, f Format) *document {
	f.Base = strings.TrimSuffix(f.Base, "/")
	d := &document{
		Title: "Retrospective: " + f.extent(r.Range), AsOf: f.date(r.AsOf), Zone: f.Zone.String(),
		StandInDays: r.StandInDays, notes: r.Notes,
	}
	for _, b := range slices.Backward(r.Before) {
		d.Compared = append(d.Compared, f.extent(b))
	}
	var answers []string
	for i := range r.Projects {
		p := f.project(r, &r.Projects[i])
		d.Projects = append(d.Projects, p)
		answers = append(answers, p.Key+": "+p.Bottleneck+".")
		d.Owners = append(d.Owners, f.owners(&r.Projects[i])...)
	}
	d.Answer = strings.Join(answers, " ")
	for _, t := range r.Talk {
		d.Talk = append(d.Talk, topic{plain(t.Project), t.Question, t.Evidence})
	}
	for i := range r.Longest {
		d.Longest = append(d.Longest, f.wait(&r.Longest[i]))
	}
	d.LongestBar = longestBars(d.Longest, r.Longest, r)
	d.name()
	d.Open = f.list(r.Open, false)
	d.Forgotten = f.list(r.Open, true)
	for i := range r.Delegations {
		d.StandIns = append(d.StandIns, newStandIn(&r.Delegations[i]))
	}
	for i := range r.WhatIf {
		d.WhatIf = append(d.WhatIf, newSaving(&r.WhatIf[i]))
	}
	for _, c := range r.CycleTime {
		d.CycleTime = append(d.CycleTime, newCycleSaving(c))
	}
	for _, o := range r.LeftOut {
		d.LeftOut = append(d.LeftOut, retrospective.Omission{What: plain(o.What), Why: plain(o.Why)})
	}
	return d
}

// name gives each chart an id of its own in the document.
func (d *document) name() {
	for i := range d.Projects {
		p := &d.Projects[i]
		if p.Stages != nil {
			p.Stages.ID = fmt.Sprintf("stages-%d", i)
		}
		for j := range p.Kinds {
			if k := &p.Kinds[j]; k.Chart != nil {
				k.Chart.ID = fmt.Sprintf("waits-%d-%d", i, j)
			}
			if k := &p.Kinds[j]; k.Became != nil {
				k.Became.ID = fmt.Sprintf("outcomes-%d-%d", i, j)
			}
		}
	}
	if d.LongestBar != nil {
		d.LongestBar.ID = "longest-waits"
	}
}

// Notes returns what has to be said of something.
func (d *document) Notes(about ...string) []string {
	var out []string
	for _, n := range d.notes {
		if slices.Contains(about, n.About) {
			out = append(out, n.Text)
		}
	}
	return out
}

// project puts a project in words.
func (f Format) project(r *retrospective.Report, p *retrospective.Project) project {
	out := project{Key: plain(p.Key), Bottleneck: bottleneck(p)}
	for i := range p.Waits {
		out.Kinds = append(out.Kinds, f.kind(r, p, &p.Waits[i]))
	}
	for i := range slices.Backward(p.Share) {
		s, row := p.Share[i], projectRow{Range: f.nth(r, i), This: i == 0}
		row.Share, row.Stories, row.Hours, row.Blocker = bounds(s), s.Stories, fmt.Sprintf("%.0f h", s.Hours), "none"
		if s.Blocker != "" {
			row.Blocker = fmt.Sprintf("%s, %s", stage(s.Blocker), percent(s.BlockedBy))
		}
		if i < len(p.Guards) {
			g := p.Guards[i]
			row.Reopened, row.Silent, row.Instant, row.AskedAgain, row.Bypassed = g.Reopened, g.SilentRejections, g.InstantAcceptances, g.AskedAgain, g.Bypassed
		}
		out.Ranges = append(out.Ranges, row)
	}
	out.Stages = stageBars(p)
	return out
}

// nth names a range of a report, the one reported on first.
func (f Format) nth(r *retrospective.Report, i int) string {
	if i == 0 {
		return "this range"
	}
	return f.extent(r.Before[i-1])
}

// kind puts a kind of waits in words.
func (f Format) kind(r *retrospective.Report, p *retrospective.Project, w *retrospective.Waits) kind {
	now := &w.Cells[0]
	out := kind{Name: string(w.Kind), Target: Length(w.Target), Nothing: true}
	for i := range w.Cells {
		out.Nothing = out.Nothing && ran(&w.Cells[i]) == 0
	}
	if out.Nothing {
		out.Summary = "nothing waited in any of these ranges"
		return out
	}
	out.Summary = fmt.Sprintf("%d responded to, %d open at the end", now.Responded, now.Open)
	if now.Responded > 0 {
		out.Summary = fmt.Sprintf("half %s (%s), 85 of 100 %s; %s", within(now.Median), between(now.Interval), within(now.P85), out.Summary)
	}
	out.Better, out.Change = change(w.Change)
	if w.Change.Direction != retrospective.Unmatched {
		out.Shows = shows(w.Change.Power)
	}
	if cutShort(now) {
		out.Caution = fmt.Sprintf("%d of %d ended in another way: how long waits took is probably too low.", now.Censored, ran(now))
	}
	for i := range slices.Backward(w.Cells) {
		row := cellRow(&w.Cells[i], f.nth(r, i), i == 0)
		if row.Short = row.Range; i > 0 {
			row.Short = f.shortly(r.Before[i-1])
		}
		out.Rows = append(out.Rows, row)
	}
	out.Chart = rangeSpans(p, w, out.Rows)
	out.Became = outcomeStack(p, w, out.Rows)
	return out
}

// ran returns how many waits of a cell ran in its range.
func ran(c *retrospective.Cell) int { return c.Responded + c.Open + c.Censored }

// cutShort reports whether so many waits ended in another way than by a response that
// quantiles are probably too low.
func cutShort(c *retrospective.Cell) bool { return 5*c.Censored > ran(c) }

// cellRow puts the waits of a range in words.
func cellRow(c *retrospective.Cell, name string, this bool) row {
	out := row{
		Range: name, This: this, Begun: c.Begun, Responded: c.Responded, Open: c.Open, Met: c.Met, Late: c.Breached,
		Half: "–", Most: "–", FirstTry: "–", Became: outcomes(c),
	}
	if c.Responded > 0 {
		out.Half, out.Most = reached(c.Median, c.Interval), reached(c.P85, c.P85Within)
	}
	if c.FirstPass.Stories > 0 {
		out.FirstTry = fmt.Sprintf("%d of %d", c.FirstPass.Accepted, c.FirstPass.Stories)
	}
	return out
}

// owners puts the owners of a project in words, in the order of their names.
func (f Format) owners(p *retrospective.Project) []ownerRow {
	var out []ownerRow
	for i := range p.Owners {
		o := &p.Owners[i]
		for j := range o.Waits {
			w := &o.Waits[j]
			c := cellRow(&w.Cells[0], "", true)
			if ran(&w.Cells[0]) == 0 && w.Change.Then == 0 {
				continue
			}
			better, by := change(w.Change)
			out = append(out, ownerRow{
				Owner: plain(o.Name), Project: plain(p.Key), Kind: string(w.Kind), Sizes: fmt.Sprintf("%d, %d open", c.Responded, c.Open),
				Half: c.Half, Most: c.Most, Late: fmt.Sprintf("%d of %d", c.Late, c.Late+c.Met), Change: better + " " + by,
			})
		}
	}
	return out
}

// bottleneck says whether waiting for the owner is what holds a project up, by the lower
// bound of its share and in the words of the dashboards, and names the largest blocker.
func bottleneck(p *retrospective.Project) string {
	s := &p.Share[0]
	waited := "waiting for the owner was " + bounds(*s) + " of the cycle time"
	if s.Hours == 0 {
		return "No story was in work in this range"
	}
	if s.Stories < 5 {
		return fmt.Sprintf("Cannot tell from %d stories: %s", s.Stories, waited)
	}
	word := latency.BottleneckOf(s.Low).Words
	word = strings.ToUpper(word[:1]) + word[1:]
	switch s.Blocker {
	case "":
		return word + ": " + waited + "; no stage outside development and backlog has 5 %"
	case latency.StageOwner:
		return word + ": " + waited + ", more than any other stage outside development and backlog"
	default:
		return fmt.Sprintf("%s: %s; the largest blocker was %s with %s", word, waited, stage(s.Blocker), percent(s.BlockedBy))
	}
}

// change says how a range compares with those before it: in a word, and by how much.
func change(c retrospective.Change) (word, by string) {
	sizes := fmt.Sprintf("%s, before %d", count(c.Now, "response"), c.Then)
	switch c.Direction {
	case retrospective.Sooner, retrospective.Later:
		l := c.Difference
		l.Duration = l.Abs()
		return string(c.Direction), fmt.Sprintf("by %s in the median (%s; %s)", Length(l), between(c.Interval), sizes)
	case retrospective.NotShown:
		return "no difference shown", fmt.Sprintf("(%s in the median; %s)", between(c.Interval), sizes)
	case retrospective.Unmatched:
		return "nothing before", "to compare with"
	default:
		return "cannot tell", fmt.Sprintf("(under 10 responses on a side: %s)", sizes)
	}
}

// steps is how many events of a wait are listed.
const steps = 8

// wait puts a wait in words.
func (f Format) wait(w *retrospective.Waited) wait {
	out := wait{
		Story: story{Key: plain(w.Story), Title: plain(w.Title), URL: w.URL}, Kind: string(w.Kind), On: plain(w.Name), Since: f.date(w.Start), Until: "open",
		Within: Length(w.Within), Age: Length(w.Age) + " (" + times(w.Targets) + ")",
	}
	if out.Story.URL == "" && f.Base != "" {
		out.Story.URL = f.Base + "/browse/" + url.PathEscape(w.Story)
	}
	if !strings.HasPrefix(out.Story.URL, "https://") && !strings.HasPrefix(out.Story.URL, "http://") {
		out.Story.URL = ""
	}
	if w.Outcome != "" {
		out.Until = f.date(w.End) + ", " + spaced(w.Outcome)
	}
	if w.Absent.Duration > 0 {
		out.Away = Length(w.Absent) + " of it while the owner was away and nobody stood in"
	}
	out.Steps = f.happened(w.Steps)
	return out
}

// happened lists what happened in a wait. What somebody did several times in a row is
// listed once.
func (f Format) happened(events []retrospective.Happened) []string {
	var out []string
	for i := 0; i < len(events); {
		e, n := events[i], 1
		for i+n < len(events) && events[i+n].Rule == e.Rule && events[i+n].Name == e.Name {
			n++
		}
		if len(out) == steps-1 && i+n < len(events) {
			return append(out, fmt.Sprintf("%d more events", len(events)-i))
		}
		text := latency.Instant(e.At).Time().In(f.Zone).Format("2 Jan") + " " + spaced(e.Rule)
		if n > 1 {
			text += fmt.Sprintf(" %d times", n)
		}
		if e.Name != "" {
			text += " (" + plain(e.Name) + ")"
		}
		out = append(out, text)
		i += n
	}
	return out
}

// list puts the open waits of a report in words that are forgotten, or are not.
func (f Format) list(open []retrospective.Waited, forgotten bool) list {
	var out list
	for i := range open {
		switch w := &open[i]; {
		case w.Forgotten != forgotten:
		case len(out.Waits) == most:
			out.More++
		default:
			out.Waits = append(out.Waits, f.wait(w))
		}
	}
	return out
}

// outcomeOrder lists outcomes, those that are responses first.
func outcomeOrder() []latency.Outcome {
	return []latency.Outcome{
		latency.Accepted, latency.Rejected, latency.Answered, latency.Recalled, latency.Resolved, latency.Withdrawn, latency.Obsolete, latency.Lapsed, latency.HandedOver,
	}
}

// outcomes lists what became of waits, with their numbers.
func outcomes(c *retrospective.Cell) string {
	var out []string
	for _, o := range outcomeOrder() {
		if n := c.Outcomes[o]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, spaced(o)))
		}
	}
	if len(out) == 0 {
		return "none ended"
	}
	return strings.Join(out, ", ")
}

// newStandIn puts a comparison of arms in words.
func newStandIn(s *retrospective.StandIn) standIn {
	out := standIn{
		Owner: plain(s.Name), Project: plain(s.Project), Kind: string(s.Kind), With: arm(s.With), Without: arm(s.Without),
		Median: "too few to compare", Mean: "–", P: "–", Shows: chance(s.Power),
	}
	if !s.Compared {
		return out
	}
	out.Median, out.P = reached(s.Median, s.MedianInterval), pValue(s.Corrected)
	out.Parts = fmt.Sprintf("waits %s, weeks %s", pValue(s.P), pValue(s.PWeeks))
	if s.Mean.Reached {
		out.Mean = reached(s.Mean, s.MeanInterval) + ", up to " + Length(s.Horizon)
	}
	return out
}

// arm writes the sizes and the median of an arm.
func arm(a retrospective.Arm) string {
	s := fmt.Sprintf("%d began: %d ended, %d open, %d another way; half %s", a.Began, a.Ended, a.Open, a.Censored, within(a.Median))
	if len(a.Waits) > 0 {
		s += ": " + strings.Join(a.Waits, " ")
	}
	return s
}

// newSaving puts what a target would save in words.
func newSaving(s *retrospective.Saving) saving {
	out := saving{Waits: plain(s.Project) + ": " + string(s.Kind), Each: "too few ran past the target to tell", Rests: fmt.Sprintf("%d of %d", s.Past, s.Ran), Total: "–", Away: Length(s.Absent)}
	if s.Owner != "" {
		out.Owner = plain(s.Name)
		out.Waits = plain(s.Project) + ", " + plain(s.Name) + ": " + string(s.Kind)
	}
	if s.Told {
		out.Each = reached(s.PerWait, s.Interval) + ", up to " + Length(s.Horizon)
		out.Total = fmt.Sprintf("%s for %d begun", reached(s.Total, s.Totals), s.Begun)
	}
	return out
}

// newCycleSaving puts the bounds of a cycle time in words.
func newCycleSaving(c retrospective.CycleSaving) cycleSaving {
	out := cycleSaving{Project: plain(c.Project), Low: reached(c.Low, c.Lows), High: "too few ran past a target to tell", Of: fmt.Sprintf("%.0f h", c.Hours)}
	if c.High.Reached {
		out.High = reached(c.High, c.Highs)
	}
	return out
}
