package e2e

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// retroTold is a report, as its JSON tells it. Lengths are in seconds; nil is not reached.
type retroTold struct {
	Range       extentTold
	Before      []extentTold
	Projects    []retroProject
	Longest     []retroWait
	Open        []retroWait    `json:"open_at_end"`
	StandIns    []retroStandIn `json:"stand_ins"`
	StandInDays int            `json:"stand_in_days"`
	WhatIf      []retroSaving  `json:"what_if"`
	CycleTime   []struct {
		Low   *float64 `json:"low_seconds"`
		Lows  interval `json:"low_interval"`
		High  *float64 `json:"high_seconds"`
		Highs interval `json:"high_interval"`
		Hours float64  `json:"cycle_time_hours"`
	} `json:"what_if_cycle_time"`
	Talk    []struct{ Evidence string }  `json:"questions_to_talk_about"`
	LeftOut []struct{ What, Why string } `json:"left_out"`
	Notes   []struct{ About, Text string }

	zone *time.Location // of its days
}

type extentTold struct {
	Name     string
	From, To time.Time
}

type interval struct {
	Low  *float64 `json:"low_seconds"`
	High *float64 `json:"high_seconds"`
}

type retroProject struct {
	Project string
	Waits   []retroKind
	Owners  []struct{ Waits []retroKind }
	Share   []struct {
		Low, High float64
		Hours     float64 `json:"cycle_time_hours"`
		Stories   int
		Stages    []struct {
			Stage        string
			Hours, Share float64
		}
		Blocker string  `json:"largest_blocker"`
		By      float64 `json:"largest_blocker_share"`
	} `json:"share_of_cycle_time"`
	Guards []struct {
		Reopened   int
		Silent     int `json:"rejected_without_a_comment"`
		Instant    int `json:"accepted_within_a_minute"`
		AskedAgain int `json:"asked_again"`
		Bypassed   int `json:"done_without_acceptance"`
	}
}

type retroKind struct {
	Kind   string
	Target *float64 `json:"target_seconds"`
	Ranges []retroCell
	Change struct {
		Direction  string
		Difference *float64 `json:"difference_seconds"`
		Interval   interval `json:"difference_interval"`
		Now        int      `json:"responses"`
		Then       int      `json:"responses_before"`
		Power      int      `json:"power_percent"`
	}
}

type retroCell struct {
	Begun, Responded int
	Outcomes         map[string]int
	Open             int                             `json:"open_at_end"`
	Censored         int                             `json:"ended_another_way"`
	Met              int                             `json:"met_target"`
	Late             int                             `json:"passed_target"`
	Median           *float64                        `json:"median_seconds"`
	Interval         interval                        `json:"median_interval"`
	P85              *float64                        `json:"p85_seconds"`
	P85Interval      interval                        `json:"p85_interval"`
	FirstPass        struct{ Accepted, Stories int } `json:"first_pass"`
}

func (c *retroCell) ran() int { return c.Responded + c.Open + c.Censored }

// nothing reports whether nothing waited in any range.
func (k *retroKind) nothing() bool {
	return !slices.ContainsFunc(k.Ranges, func(c retroCell) bool { return c.ran() > 0 })
}

type retroWait struct {
	Start     time.Time
	End       *time.Time
	Kind      string
	Within    *float64 `json:"within_range_seconds"`
	Age       *float64 `json:"age_seconds"`
	Absent    *float64 `json:"stood_in_absences_seconds"`
	Targets   float64
	Forgotten bool
	Events    []struct {
		At   time.Time
		Rule string
		Name string `json:"by_name"`
	}
}

type retroArm struct {
	Began, Ended, Open int
	Censored           int      `json:"ended_another_way"`
	Median             *float64 `json:"median_seconds"`
}

type retroStandIn struct {
	With           retroArm `json:"with_stand_in"`
	Without        retroArm
	Compared       bool
	Median         *float64 `json:"difference_of_medians_seconds"`
	MedianInterval interval `json:"difference_of_medians_interval"`
	Mean           *float64 `json:"difference_of_means_seconds"`
	MeanInterval   interval `json:"difference_of_means_interval"`
	Horizon        *float64 `json:"horizon_seconds"`
	P              float64
	PWeeks         float64 `json:"p_weeks"`
	Corrected      float64 `json:"p_corrected"`
	Power          int     `json:"power_percent"`
}

type retroSaving struct {
	Owner    string
	Told     bool
	Horizon  *float64 `json:"horizon_seconds"`
	PerWait  *float64 `json:"saving_per_wait_seconds"`
	Interval interval `json:"saving_per_wait_interval"`
	Past     int      `json:"ran_past_target"`
	Ran      int
	Begun    int
	Total    *float64 `json:"saving_seconds"`
	Totals   interval `json:"saving_interval"`
	Absent   *float64 `json:"stood_in_absences_seconds"`
}

// length writes a length as a report does; "" if it is not reached.
func length(s *float64) string {
	if s == nil {
		return ""
	}
	switch h := math.Abs(*s) / 3600; {
	case h == 0:
		return "0 h"
	case h < 1:
		return fmt.Sprintf("%.0f min", h*60)
	case h < 10:
		return fmt.Sprintf("%.1f h", h)
	default:
		return fmt.Sprintf("%.0f h", h)
	}
}

// reached writes a length and its interval.
func reached(s *float64, in interval) []string {
	return []string{length(s), length(in.Low), length(in.High)}
}

func integers(list ...int) (out []string) {
	for _, n := range list {
		out = append(out, strconv.Itoa(n))
	}
	return out
}

func percents(shares ...float64) (out []string) {
	for _, s := range shares {
		out = append(out, fmt.Sprintf("%.0f", 100*s))
	}
	return out
}

// day writes a date as a report does.
func (r *retroTold) day(at time.Time, form string) string { return at.In(r.zone).Format(form) }

// extent writes the name, and the first and the last day of a range.
func (r *retroTold) extent(e extentTold) []string {
	first, last := e.From, e.To.Add(-time.Millisecond)
	out := []string{r.day(first, "2 Jan"), r.day(last, "2 Jan 2006")}
	if first.In(r.zone).Year() != last.In(r.zone).Year() {
		out[0] = r.day(first, "2 Jan 2006")
	}
	return append([]string{e.Name}, out...)
}

// rangeName wants the dates of a range; 0 is the one that is reported on.
func (r *retroTold) rangeName(i int) []string {
	if i == 0 {
		return nil
	}
	return r.extent(r.Before[i-1])
}

// shortly is rangeName where there is little room.
func (r *retroTold) shortly(i int) []string {
	switch {
	case i == 0:
		return nil
	case r.Before[i-1].Name != "":
		return []string{r.Before[i-1].Name}
	}
	e := r.Before[i-1]
	return []string{r.day(e.From, "2 Jan"), r.day(e.To.Add(-time.Millisecond), "2 Jan")}
}

// brief reports whether the page has of each project the range alone.
func (r *retroTold) brief() bool { return len(r.Projects) > 2 }

// kinds lists the kinds of waits of which the page has a table.
func (r *retroTold) kinds() (out []*retroKind) {
	for i := range r.Projects {
		for j := range r.Projects[i].Waits {
			if k := &r.Projects[i].Waits[j]; !k.nothing() {
				out = append(out, k)
			}
		}
	}
	return out
}

// about lists the notes on something.
func (r *retroTold) about(names ...string) (out []string) {
	for _, n := range r.Notes {
		if slices.Contains(names, n.About) {
			out = append(out, n.Text)
		}
	}
	return out
}

// waits lists the waits of the section of open ones.
func (r *retroTold) still(forgotten bool) (out []*retroWait) {
	for i := range r.Open {
		if r.Open[i].Forgotten == forgotten {
			out = append(out, &r.Open[i])
		}
	}
	return out
}

// owners lists what waited for owners, now or before.
func (r *retroTold) owners() (out []*retroKind) {
	for i := range r.Projects {
		for _, o := range r.Projects[i].Owners {
			for j := range o.Waits {
				if k := &o.Waits[j]; k.Ranges[0].ran() > 0 || k.Change.Then > 0 {
					out = append(out, k)
				}
			}
		}
	}
	return out
}

// savings lists what the page has of what targets would save.
func (r *retroTold) savings() []retroSaving {
	return slices.DeleteFunc(slices.Clone(r.WhatIf), func(s retroSaving) bool { return r.brief() && s.Owner != "" })
}

// bounds writes the bounds of a share of waiting.
func (r *retroTold) bounds(p *retroProject, i int) string {
	s := p.Share[i]
	if s.Hours == 0 {
		return ""
	}
	return outwards(s.Low, s.High)
}

// outwards writes the bounds of a share, the lower rounded down and the upper up, both as
// tables have them to the tenth.
func outwards(low, high float64) string {
	tenths := func(share float64) float64 { return math.Round(1000*share) / 10 }
	below, above := math.Floor(tenths(low)), math.Ceil(tenths(high))
	if below == above {
		return fmt.Sprintf("%.0f", below)
	}
	return fmt.Sprintf("%.0f–%.0f", below, above)
}

// verdict wants what is said of a project's bottleneck.
func (r *retroTold) verdict(p *retroProject) []string {
	s := p.Share[0]
	switch {
	case s.Hours == 0:
		return nil
	case s.Stories < 5:
		return []string{strconv.Itoa(s.Stories), r.bounds(p, 0)}
	case s.Blocker == "":
		return []string{r.bounds(p, 0), "5 %"}
	case s.Blocker == "owner":
		return []string{r.bounds(p, 0)}
	}
	return append([]string{r.bounds(p, 0)}, percents(s.By)...)
}

// change wants how a range compares with those before.
func (k *retroKind) change() []string {
	c := k.Change
	sizes := integers(c.Now, c.Then)
	switch c.Direction {
	case "sooner", "later":
		return slices.Concat(reached(c.Difference, c.Interval), sizes)
	case "no_difference_shown":
		return slices.Concat(reached(nil, c.Interval), sizes)
	case "nothing_before":
		return nil
	}
	return append([]string{"10"}, sizes...)
}

// inShort wants what is said of a kind of waits in short.
func (k *retroKind) inShort() (out []string) {
	now := &k.Ranges[0]
	if k.nothing() {
		return nil
	}
	if now.Responded > 0 {
		out = slices.Concat(reached(now.Median, now.Interval), []string{"85", "100", length(now.P85)})
	}
	out = slices.Concat(out, integers(now.Responded, now.Open), k.change())
	if k.Change.Direction != "nothing_before" {
		power := k.Change.Power
		if power == 0 {
			power = 24
		}
		out = append(out, strconv.Itoa(power), "100", "60")
	}
	if 5*now.Censored > now.ran() {
		out = append(out, integers(now.Censored, now.ran())...)
	}
	return out
}

// became wants what became of the waits of a range.
func (c *retroCell) became() (out []string) {
	for _, o := range []string{"accepted", "rejected", "answered", "recalled", "resolved", "withdrawn", "obsolete", "lapsed", "handed_over"} {
		if n := c.Outcomes[o]; n > 0 {
			out = append(out, fmt.Sprint(n, " ", strings.ReplaceAll(o, "_", " ")))
		}
	}
	return out
}

// half and most want within what a share of the waits of a range was responded to.
func (c *retroCell) half() []string {
	if c.Responded == 0 {
		return nil
	}
	return reached(c.Median, c.Interval)
}

func (c *retroCell) most() []string {
	if c.Responded == 0 {
		return nil
	}
	return reached(c.P85, c.P85Interval)
}

// inChart wants what a row of the chart of how long waits took says.
func (c *retroCell) inChart() []string {
	if c.Responded == 0 {
		return nil
	}
	return []string{length(c.Median), "85", "100", length(c.P85)}
}

// stacked wants what a row of the chart of what became of waits says.
func (c *retroCell) stacked() (out []string) {
	other := 0
	for o, n := range c.Outcomes {
		if !slices.Contains([]string{"accepted", "rejected", "answered"}, o) {
			other += n
		}
	}
	for _, n := range []int{c.Outcomes["accepted"], c.Outcomes["rejected"], c.Outcomes["answered"], other, c.Open} {
		if n > 0 {
			out = append(out, strconv.Itoa(n))
		}
	}
	return out
}

// steps wants what happened in a wait: what somebody did several times in a row is one step.
func (r *retroTold) steps(w *retroWait) (out []string) {
	told := 0
	for i := 0; i < len(w.Events); told++ {
		n := 1
		for i+n < len(w.Events) && w.Events[i+n].Rule == w.Events[i].Rule && w.Events[i+n].Name == w.Events[i].Name {
			n++
		}
		if told == 7 && i+n < len(w.Events) {
			out = append(out, strconv.Itoa(len(w.Events)-i))
			break
		}
		out = append(out, r.day(w.Events[i].At, "2 Jan"))
		if n > 1 {
			out = append(out, strconv.Itoa(n))
		}
		if strings.ContainsAny(w.Events[i].Name, digits) {
			out = append(out, w.Events[i].Name)
		}
		i += n
	}
	if w.Absent != nil && *w.Absent > 0 {
		out = append(out, length(w.Absent))
	}
	return out
}

func (w *retroWait) aged() []string { return []string{length(w.Age), fmt.Sprintf("%.1f", w.Targets)} }

// arm wants the sizes and the median of an arm.
func (a *retroArm) sizes() []string {
	return append(integers(a.Began, a.Ended, a.Open, a.Censored), length(a.Median))
}

func probability(p float64) string {
	if p < 0.001 {
		return "0.001"
	}
	return fmt.Sprintf("%.3f", p)
}
