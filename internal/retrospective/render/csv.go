package render

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/untrusted"
)

// columns are those of the CSV. A line has what its section says, and leaves the others
// empty.
func columns() []string {
	list := []string{
		"section", "project", "owner", "kind", "range", "from", "to", "begun", "responded", "open_at_end", "ended_another_way", "met_target", "passed_target",
		"median_hours", "median_low_hours", "median_high_hours", "p85_hours", "p85_low_hours", "p85_high_hours", "target_hours", "first_pass_accepted", "first_pass_stories",
	}
	for _, o := range outcomeOrder() {
		list = append(list, string(o))
	}
	return append(list,
		"change", "difference_hours", "difference_low_hours", "difference_high_hours", "responses_before", "power_percent",
		"share_low", "share_high", "cycle_time_hours", "stories", "stage", "stage_hours", "stage_share", "largest_blocker", "largest_blocker_share",
		"reopened", "rejected_without_a_comment", "accepted_within_a_minute", "asked_again", "done_without_acceptance",
		"story", "title", "url", "start", "end", "outcome", "within_hours", "age_hours", "targets", "absent_hours", "forgotten", "events",
		"arm", "mean_difference_hours", "mean_difference_low_hours", "mean_difference_high_hours", "horizon_hours", "p", "p_weeks", "p_corrected",
		"ran", "ran_past_target", "saving_hours", "saving_low_hours", "saving_high_hours", "total_hours", "total_low_hours", "total_high_hours",
		"text", "evidence",
	)
}

// line is a line of the CSV by the names of its columns.
type line map[string]string

func (l line) length(name string, v retrospective.Length) {
	if v.Reached {
		l[name+"_hours"] = number(v.Hours())
	}
}

func (l line) between(name string, v retrospective.Interval) {
	l.length(name+"_low", v.Low)
	l.length(name+"_high", v.High)
}

func (l line) counts(of map[string]int) {
	for name, n := range of {
		l[name] = strconv.Itoa(n)
	}
}

// with returns a copy of l with a name.
func (l line) with(name, value string) line {
	out := line{name: value}
	for k, v := range l {
		out[k] = v
	}
	return out
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

func probability(p float64) string { return strconv.FormatFloat(p, 'f', 6, 64) }

func instant(i retrospective.Instant) string {
	if latency.Instant(i) == latency.Never {
		return ""
	}
	return latency.Instant(i).Time().Format(time.RFC3339)
}

// CSV writes the report as one table: the column section says what a line is about.
// Lengths are in hours of working time; an empty one is not reached.
func CSV(w io.Writer, r *retrospective.Report) error {
	var lines []line
	for i := range r.Projects {
		lines = append(lines, projectLines(r, &r.Projects[i])...)
	}
	for _, w := range r.Longest {
		lines = append(lines, waitLine("longest", &w))
	}
	for _, w := range r.Open {
		lines = append(lines, waitLine("open", &w))
	}
	for i := range r.Delegations {
		lines = append(lines, standInLines(&r.Delegations[i])...)
	}
	for i := range r.WhatIf {
		lines = append(lines, savingLine(&r.WhatIf[i]))
	}
	for _, c := range r.CycleTime {
		l := line{"section": "what_if_cycle_time", "project": c.Project, "cycle_time_hours": number(c.Hours)}
		low, high := l.with("text", "at least"), l.with("text", "at most")
		low.length("total", c.Low)
		low.between("total", c.Lows)
		high.length("total", c.High)
		high.between("total", c.Highs)
		lines = append(lines, low, high)
	}
	for _, t := range r.Talk {
		lines = append(lines, line{"section": "question", "project": t.Project, "text": t.Question, "evidence": t.Evidence})
	}
	for _, o := range r.LeftOut {
		lines = append(lines, line{"section": "left_out", "text": o.What, "evidence": o.Why})
	}
	for _, n := range r.Notes {
		lines = append(lines, line{"section": "note", "text": n.Text})
	}
	c, names := csv.NewWriter(w), columns()
	all := [][]string{names}
	for _, l := range lines {
		var cells []string
		for _, name := range names {
			cells = append(cells, l[name])
		}
		all = append(all, cells)
	}
	if err := c.WriteAll(all); err != nil {
		return err
	}
	return c.Error()
}

// extents are the range of a report and those before, as lines begin with them.
func extents(r *retrospective.Report) []line {
	var out []line
	for _, e := range append([]retrospective.Extent{r.Range}, r.Before...) {
		out = append(out, line{"range": untrusted.Cell(e.Name), "from": instant(e.From), "to": instant(e.To)})
	}
	return out
}

// projectLines are the lines about a project.
func projectLines(r *retrospective.Report, p *retrospective.Project) []line {
	ranges := extents(r)
	out := waitsLines(ranges, p.Key, "", p.Waits)
	for _, o := range p.Owners {
		out = append(out, waitsLines(ranges, p.Key, o.Key, o.Waits)...)
	}
	for i, s := range p.Share {
		l := ranges[i].with("section", "share")
		l["project"], l["share_low"], l["share_high"], l["cycle_time_hours"] = p.Key, number(s.Low), number(s.High), number(s.Hours)
		l["stories"], l["largest_blocker"], l["largest_blocker_share"] = strconv.Itoa(s.Stories), string(s.Blocker), number(s.BlockedBy)
		out = append(out, l)
		for _, st := range s.Stages {
			l := ranges[i].with("section", "stage")
			l["project"], l["stage"], l["stage_hours"], l["stage_share"] = p.Key, string(st.Name), number(st.Hours), number(st.Share)
			out = append(out, l)
		}
	}
	for i, g := range p.Guards {
		l := ranges[i].with("section", "guards")
		l["project"] = p.Key
		l.counts(map[string]int{
			"reopened": g.Reopened, "rejected_without_a_comment": g.SilentRejections, "accepted_within_a_minute": g.InstantAcceptances,
			"asked_again": g.AskedAgain, "done_without_acceptance": g.Bypassed,
		})
		out = append(out, l)
	}
	return out
}

// waitsLines are the lines about the waits of a project, or of an owner there.
func waitsLines(ranges []line, project, owner string, waits []retrospective.Waits) []line {
	var out []line
	for _, w := range waits {
		for i := range w.Cells {
			c := &w.Cells[i]
			l := ranges[i].with("section", "waits")
			l["project"], l["owner"], l["kind"] = project, untrusted.Cell(owner), string(w.Kind)
			l.counts(map[string]int{
				"begun": c.Begun, "responded": c.Responded, "open_at_end": c.Open, "ended_another_way": c.Censored, "met_target": c.Met, "passed_target": c.Breached,
			})
			for _, o := range outcomeOrder() {
				l[string(o)] = strconv.Itoa(c.Outcomes[o])
			}
			if w.Kind == latency.Acceptance {
				l.counts(map[string]int{"first_pass_accepted": c.FirstPass.Accepted, "first_pass_stories": c.FirstPass.Stories})
			}
			l.length("median", c.Median)
			l.between("median", c.Interval)
			l.length("p85", c.P85)
			l.between("p85", c.P85Within)
			l.length("target", w.Target)
			if i == 0 {
				l["change"] = string(w.Change.Direction)
				l.length("difference", w.Change.Difference)
				l.between("difference", w.Change.Interval)
				l.counts(map[string]int{"responses_before": w.Change.Then, "power_percent": w.Change.Power})
			}
			out = append(out, l)
		}
	}
	return out
}

func waitLine(section string, w *retrospective.Waited) line {
	l := line{
		"section": section, "project": w.Project, "owner": untrusted.Cell(w.Owner), "kind": string(w.Kind), "story": untrusted.Cell(w.Story), "title": untrusted.Cell(w.Title), "url": untrusted.Cell(w.URL), "start": instant(w.Start), "end": instant(w.End),
		"outcome": string(w.Outcome), "targets": number(w.Targets), "forgotten": strconv.FormatBool(w.Forgotten),
	}
	l.length("within", w.Within)
	l.length("age", w.Age)
	l.length("absent", w.Absent)
	var events []string
	for _, s := range w.Steps {
		events = append(events, strings.TrimSpace(fmt.Sprint(instant(s.At), " ", s.Rule, " ", s.By)))
	}
	l["events"] = strings.Join(events, "; ")
	return l
}

// standInLines are a line for each arm; that of the arm with a stand-in has the comparison.
func standInLines(s *retrospective.StandIn) []line {
	var out []line
	for i, a := range []retrospective.Arm{s.With, s.Without} {
		l := line{"section": "stand_in", "project": s.Project, "owner": untrusted.Cell(s.Owner), "kind": string(s.Kind), "arm": []string{"with_stand_in", "without"}[i], "story": strings.Join(a.Waits, " ")}
		l.counts(map[string]int{"begun": a.Began, "responded": a.Ended, "open_at_end": a.Open, "ended_another_way": a.Censored})
		l.length("median", a.Median)
		if i == 0 && s.Compared {
			l["p"], l["p_weeks"], l["p_corrected"] = probability(s.P), probability(s.PWeeks), probability(s.Corrected)
			l["power_percent"] = strconv.Itoa(s.Power)
			l.length("difference", s.Median)
			l.between("difference", s.MedianInterval)
			l.length("mean_difference", s.Mean)
			l.between("mean_difference", s.MeanInterval)
			l.length("horizon", s.Horizon)
		}
		out = append(out, l)
	}
	return out
}

func savingLine(s *retrospective.Saving) line {
	l := line{"section": "what_if", "project": s.Project, "owner": untrusted.Cell(s.Owner), "kind": string(s.Kind)}
	l.counts(map[string]int{"begun": s.Begun, "ran": s.Ran, "ran_past_target": s.Past})
	l.length("target", s.Target)
	l.length("absent", s.Absent)
	if s.Told {
		l.length("horizon", s.Horizon)
		l.length("saving", s.PerWait)
		l.between("saving", s.Interval)
		l.length("total", s.Total)
		l.between("total", s.Totals)
	}
	return l
}
