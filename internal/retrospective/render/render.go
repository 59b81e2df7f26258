// Package render writes a retrospective for people: as Markdown that pastes into wikis,
// as CSV and as JSON.
package render

import (
	"cmp"
	_ "embed" // the template
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/untrusted"
)

//go:embed report.md
var markdown string //nolint:gochecknoglobals // go:embed needs one

// JSON writes the report's stable form.
func JSON(w io.Writer, r *retrospective.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Markdown writes the report with dates of a zone. base is the address of the Jira that
// stories are linked to; "" for no links.
func Markdown(w io.Writer, r *retrospective.Report, zone *time.Location, base string) error {
	f := format{zone, strings.TrimSuffix(base, "/")}
	t, err := template.New("report.md").Funcs(f.functions()).Parse(markdown)
	if err != nil {
		return err
	}
	return t.Execute(w, r)
}

// CSV writes a line for each project, owner, kind and range. Lengths are in hours of
// working time; an empty one is not reached.
func CSV(w io.Writer, r *retrospective.Report) error {
	c := csv.NewWriter(w)
	lines := [][]string{{
		"project", "owner", "kind", "range", "from", "to", "begun", "responded", "open_at_end", "ended_another_way", "met_target", "passed_target",
		"median_hours", "median_low_hours", "median_high_hours", "p85_hours", "target_hours",
	}}
	add := func(project, owner string, waits []retrospective.Waits) {
		for _, ws := range waits {
			for i, cell := range ws.Cells {
				e := r.Range
				if i > 0 {
					e = r.Before[i-1]
				}
				lines = append(lines, []string{
					project, untrusted.Cell(owner), string(ws.Kind), untrusted.Cell(e.Name), instant(e.From), instant(e.To), strconv.Itoa(cell.Begun), strconv.Itoa(cell.Responded),
					strconv.Itoa(cell.Open), strconv.Itoa(cell.Censored), strconv.Itoa(cell.Met), strconv.Itoa(cell.Breached),
					hours(cell.Median), hours(cell.Interval.Low), hours(cell.Interval.High), hours(cell.P85), hours(ws.Target),
				})
			}
		}
	}
	for _, p := range r.Projects {
		add(p.Key, "", p.Waits)
		for _, o := range p.Owners {
			add(p.Key, o.Key, o.Waits)
		}
	}
	if err := c.WriteAll(lines); err != nil {
		return err
	}
	return c.Error()
}

func instant(i retrospective.Instant) string {
	return latency.Instant(i).Time().Format(time.RFC3339)
}

func hours(l retrospective.Length) string {
	if !l.Reached {
		return ""
	}
	return strconv.FormatFloat(l.Hours(), 'f', 3, 64)
}

// format writes values as people read them.
type format struct {
	zone *time.Location
	base string
}

func (f format) functions() template.FuncMap {
	return template.FuncMap{
		"text": untrusted.Markdown, "length": Length, "within": within, "extent": f.extent, "date": f.date, "story": f.story, "interval": between, "share": percent,
		"change": change, "rows": f.rows, "ended": ended, "outcomes": Outcomes, "arm": arm, "firstPass": firstPass, "happened": f.happened, "verdict": Verdict, "p": pValue, "zone": func() string { return f.zone.String() },
	}
}

// Length writes a length of working time.
func Length(l retrospective.Length) string {
	switch d := l.Duration; {
	case !l.Reached:
		return "not reached"
	case d < 0:
		return "-" + Length(retrospective.Length{Duration: -d, Reached: true})
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 10*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	default:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
}

// within writes by when a share of waits is responded to.
func within(l retrospective.Length) string {
	if !l.Reached {
		return "not yet"
	}
	return "within " + Length(l)
}

func (f format) date(i retrospective.Instant) string {
	if latency.Instant(i) == latency.Never {
		return "open"
	}
	return latency.Instant(i).Time().In(f.zone).Format("2 Jan 2006 15:04")
}

// extent names a range: by its name, or by its first and last day.
func (f format) extent(e retrospective.Extent) string {
	from, last := latency.Instant(e.From).Time().In(f.zone), latency.Instant(e.To).Time().Add(-time.Millisecond).In(f.zone)
	days := from.Format("2 Jan") + " – " + last.Format("2 Jan 2006")
	if e.Name != "" {
		return untrusted.Markdown(e.Name) + " (" + days + ")"
	}
	return days
}

// story writes which story waits: its key as a link, and its title.
func (f format) story(w retrospective.Waited) string {
	out := untrusted.Markdown(w.Story)
	if link := cmp.Or(w.URL, f.browse(w.Story)); link != "" {
		out = "[" + out + "](" + link + ")"
	}
	if w.Title != "" {
		out += " " + untrusted.Markdown(w.Title)
	}
	return out
}

// browse returns where a story is in Jira; "" if that is not known.
func (f format) browse(key string) string {
	if f.base == "" {
		return ""
	}
	return f.base + "/browse/" + url.PathEscape(key)
}

func between(i retrospective.Interval) string { return Length(i.Low) + " to " + Length(i.High) }

// percent writes the bounds of a share.
func percent(s retrospective.Share) string {
	if s.Hours == 0 {
		return "no story was in work"
	}
	low, high := fmt.Sprintf("%.0f", 100*s.Low), fmt.Sprintf("%.0f", 100*s.High)
	if low == high {
		return low + " %"
	}
	return low + "–" + high + " %"
}

// Verdict says whether waiting for the owner is what holds a project up.
func Verdict(p retrospective.Project) string {
	s := p.Share[0]
	waited := "waiting for the owner was " + percent(s) + " of the cycle time"
	switch {
	case s.Hours == 0:
		return "no story was in work in this range"
	case p.Blocker == string(latency.StageOwner):
		return "yes: " + waited + ", more than any other stage in which nobody works"
	case p.Blocker != "":
		return fmt.Sprintf("no: %s; the largest blocker was %s with %.0f %%", waited, untrusted.Markdown(p.Blocker), 100*p.BlockedBy)
	case s.Stories < 5:
		return fmt.Sprintf("cannot tell from %d stories: %s", s.Stories, waited)
	default:
		return "no: " + waited + ", and no stage in which nobody works has 5 %"
	}
}

// change says how a range compares with those before it.
func change(c retrospective.Change) string {
	sizes := fmt.Sprintf("%d responses, before %d", c.Now, c.Then)
	switch c.Direction {
	case retrospective.Sooner, retrospective.Later:
		return fmt.Sprintf("**%s** by %s (%s; %s)", c.Direction, Length(abs(c.Difference)), between(c.Interval), sizes)
	case retrospective.NotShown:
		return fmt.Sprintf("no difference that this many waits can show (%s; %s)", between(c.Interval), sizes)
	case retrospective.Unmatched:
		return "there is nothing before to compare with"
	default:
		return fmt.Sprintf("cannot tell: under 10 responses on a side (%s)", sizes)
	}
}

func abs(l retrospective.Length) retrospective.Length {
	l.Duration = l.Abs()
	return l
}

// row is a cell with the name of its range.
type row struct {
	retrospective.Cell
	Name string
}

// rows returns the cells of waits from the earliest range to the one reported on.
func (f format) rows(r *retrospective.Report, w retrospective.Waits) []row {
	out := make([]row, 0, len(w.Cells))
	for i := len(w.Cells) - 1; i > 0; i-- {
		out = append(out, row{w.Cells[i], f.extent(r.Before[i-1])})
	}
	return append(out, row{w.Cells[0], "**this range**"})
}

// arm writes the size and the median of an arm.
func arm(a retrospective.Arm) string {
	s := fmt.Sprintf("%d ended, %d open, %d another way; half %s", a.Ended, a.Open, a.Censored, within(a.Median))
	if len(a.Waits) > 0 {
		s += ": " + untrusted.Markdown(strings.Join(a.Waits, " "))
	}
	return s
}

// firstPass writes how many stories were accepted at the first try.
func firstPass(p retrospective.Project) string {
	for _, w := range p.Waits {
		if f := w.Cells[0].FirstPass; f.Stories > 0 {
			return fmt.Sprintf("%d of %d", f.Accepted, f.Stories)
		}
	}
	return "–"
}

// most is how many events of a wait are told.
const most = 6

// happened tells what happened in a wait.
func (f format) happened(w retrospective.Waited) string {
	var out []string
	for i, s := range w.Steps {
		if i == most-1 && len(w.Steps) > most {
			out = append(out, fmt.Sprintf("%d more", len(w.Steps)-i))
			break
		}
		step := latency.Instant(s.At).Time().In(f.zone).Format("2 Jan") + " " + strings.ReplaceAll(string(s.Rule), "_", " ")
		if s.Name != "" {
			step += " (" + untrusted.Markdown(s.Name) + ")"
		}
		out = append(out, step)
	}
	return strings.Join(out, "; ")
}

// ended says what became of a wait.
func ended(w retrospective.Waited) string {
	if w.Outcome == "" {
		return "open"
	}
	return strings.ReplaceAll(string(w.Outcome), "_", " ")
}

// Outcomes lists what became of waits, with their numbers.
func Outcomes(c retrospective.Cell) string {
	var out []string
	for _, o := range []latency.Outcome{
		latency.Accepted, latency.Rejected, latency.Answered, latency.Recalled, latency.Resolved, latency.Withdrawn, latency.Obsolete, latency.Lapsed, latency.HandedOver,
	} {
		if n := c.Outcomes[o]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, strings.ReplaceAll(string(o), "_", " ")))
		}
	}
	if len(out) == 0 {
		return "none ended"
	}
	return strings.Join(out, ", ")
}

// pValue writes a corrected p-value.
func pValue(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}
