package dashboards

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// countedBy is what a query is to show, by the waits listed.
type countedBy struct {
	labels func(l *listed) (string, bool) // the series a wait belongs to, and whether it counts
	value  func(l *listed) float64        // what it adds; nil: 1
	ratio  bool                           // what is added is divided by how many it is
	back   int                            // how many ranges before the one shown
	whole  bool                           // nothing is shown unless the past has all of the range
	// compared is a number that stands for a comparison with the range before.
	compared bool
	row      func(l *listed) bool // of a heatmap: what counts

	// metric is a counter that waits does not list: then itself is compared with, by a label.
	metric, by string
}

// response reports whether a wait ended by a verdict or an answer.
func (l *listed) response() bool { return l.ended("", "accepted", "rejected", "answered") }

// judged reports whether a wait met its target or passed it.
func (l *listed) judged() bool { return l.Breached || l.response() }

// by is who ended a wait, as the histograms have it.
func (l *listed) by() string {
	if l.Responder == "automation" {
		return "other"
	}
	return l.Responder
}

// panelsThatCount is what each panel that looks at counters is to show, by board,
// title and query; those of the metrics that waits does not list are compared
// with the metric itself.
func panelsThatCount() map[string]countedBy {
	by := func(counts func(l *listed) bool, name func(l *listed) string) countedBy {
		return countedBy{labels: func(l *listed) (string, bool) { return name(l), counts(l) }}
	}
	kind := func(l *listed) string { return l.Kind }
	projectKind := func(l *listed) string { return l.Project + "/" + l.Kind }
	breached := func(l *listed) bool { return l.Breached }
	verdict := func(l *listed) bool { return l.ended("acceptance", "accepted", "rejected") }
	answer := func(l *listed) bool { return l.ended("question", "answered") }
	late := by((*listed).judged, projectKind)
	late.ratio = true
	late.value = func(l *listed) float64 {
		if l.Breached {
			return 1
		}
		return 0
	}
	mean := func(counts func(l *listed) bool) countedBy {
		m := by(counts, (*listed).by)
		m.ratio, m.value = true, func(l *listed) float64 { return l.Working / 3600 }
		return m
	}
	ofMetric := func(metric, by string) countedBy { return countedBy{metric: metric, by: by} }
	out := map[string]countedBy{
		"yourturn-retrospective/Ended/A":            by((*listed).response, kind),
		"yourturn-retrospective/Went past target/A": by(breached, kind),
		"yourturn-retrospective/How waits ended/A": by(func(l *listed) bool { return l.ended("") }, func(l *listed) string {
			return l.Kind + "/" + l.Outcome
		}),
		"yourturn-bottleneck/$project: past target/A":   late,
		"yourturn-bottleneck/$project: past target/C":   by((*listed).judged, projectKind),
		"yourturn-owner/Verdicts and answers by role/A": by((*listed).response, func(l *listed) string { return l.Responder }),
		"yourturn-owner/Time to a verdict by role/A":    mean(verdict),
		"yourturn-owner/Time to a verdict by role/B":    by(verdict, (*listed).by),
		"yourturn-owner/Time to an answer by role/A":    mean(answer),
		"yourturn-owner/Time to an answer by role/B":    by(answer, (*listed).by),
		"yourturn-owner/Accepted at the first try/B":    by(verdict, func(l *listed) string { return l.Project }),
		"yourturn-owner/Age at the verdict/A":           {row: verdict},
		"yourturn-owner/Age at the answer/A":            {row: answer},
		"yourturn-retrospective/No acceptance/A":        ofMetric("po_acceptance_bypassed_total", "project"),
		"yourturn-bottleneck/$project: no acceptance/A": ofMetric("po_acceptance_bypassed_total", "project"),
	}
	for ref, guard := range map[string]string{"A": "reopened", "B": "silent_rejections", "C": "instant_acceptances", "D": "asked_again"} {
		out["yourturn-owner/Signs of haste/"+ref] = ofMetric("po_guard_"+guard+"_total", "owner")
	}
	for i, refs := range []string{"AD", "BE", "CF"} {
		part, of := late, by((*listed).judged, projectKind)
		part.back, of.back = i, i
		part.whole, of.whole = i > 0, i > 0
		out["yourturn-retrospective/Late in this range and before/"+refs[:1]] = part
		out["yourturn-retrospective/Late in this range and before/"+refs[1:]] = of
	}
	out["yourturn-owner/Out of/A"] = by((*listed).response, func(l *listed) string { return l.Owner })
	inKind := by((*listed).judged, kind)
	lateInKind := inKind
	lateInKind.ratio, lateInKind.value = true, late.value
	for i, refs := range []string{"EF", "BC"} {
		part, of := lateInKind, inKind
		part.back, of.back = i, i
		part.whole, of.whole = true, true
		out["yourturn-owner/Against the window before/"+refs[:1]] = part
		out["yourturn-owner/Against the window before/"+refs[1:]] = of
	}
	lateInKind.compared, late.compared = true, true
	out["yourturn-owner/Against the window before/G"] = lateInKind
	out["yourturn-retrospective/Against the range before/A"] = lateInKind
	out["yourturn-retrospective/Late in this range and before/G"] = late
	return out
}

// grew is what a panel is to show: what is counted by until and was not yet by since.
func (c countedBy) grew(since, until []listed, mine func(owner, project string) bool) map[string]float64 {
	sum, n := map[string]float64{}, map[string]float64{}
	for i, list := range [][]listed{since, until} {
		sign := float64(2*i - 1)
		for j := range list {
			l := &list[j]
			id, counts := c.labels(l)
			if !counts || !mine(l.Owner, l.Project) {
				continue
			}
			v := 1.0
			if c.value != nil {
				v = c.value(l)
			}
			sum[id] += sign * v
			n[id] += sign
		}
	}
	for id := range sum {
		switch {
		case n[id] == 0: // 0, or no series: both say nothing
			delete(sum, id)
		case c.ratio:
			sum[id] /= n[id]
		case sum[id] == 0:
			delete(sum, id)
		}
	}
	return sum
}

// countersCountAll compares what every panel that looks at counters shows of
// an imported past with what `waits --as-of` lists: also the first verdict of a
// delegate, whose series began with it.
func countersCountAll(t *testing.T, r *real) {
	t.Helper()
	panels := panelsThatCount()
	compared, total := 0, 0.0
	seen := map[string]bool{}
	one := func(id, expr string, c choice, at time.Time, span time.Duration, ofOwner bool) {
		seen[id] = true
		want, ok := panels[id]
		if !ok {
			t.Fatalf("%s looks at counters: say what it is to show", id)
		}
		mine := func(owner, project string) bool { // with the same filters
			return (!ofOwner || owner == c["owner"]) && (c["project"] == everything || project == c["project"])
		}
		if want.row != nil {
			compared += r.heatmap(t, id, c, expr, want, at, mine)
			return
		}
		until := at.Add(-span * time.Duration(want.back)).Truncate(time.Hour)
		since := until.Add(-span)
		if until.Before(r.from) {
			return
		}
		if want.compared {
			compared += r.compare(t, id, expr, c, want, at, span, mine)
			return
		}
		if since.Before(r.from) {
			if want.whole {
				return
			}
			since = r.from // from the first sample on
		}
		expect := map[string]float64{}
		if want.metric != "" {
			for i, at := range []time.Time{since, until} {
				for _, a := range r.Instant(t, want.metric, at) {
					if mine(a.Labels["owner"], a.Labels["project"]) {
						expect[a.Labels[want.by]] += float64(2*i-1) * a.Values[at.Unix()]
					}
				}
			}
			for id, v := range expect {
				if v == 0 {
					delete(expect, id)
				}
			}
		} else {
			expect = want.grew(r.waits(t, since), r.waits(t, until), mine)
		}
		got := map[string]float64{}
		for _, a := range r.Instant(t, c.fill(expr, span, time.Hour), at) {
			var labels []string
			for _, name := range []string{"project", "kind", "outcome", "responder", "owner"} {
				if v := a.Labels[name]; v != "" && v != saysNone {
					labels = append(labels, v)
				}
			}
			if v := a.Values[at.Unix()]; len(labels) > 0 && (v != 0 || want.ratio) {
				got[strings.Join(labels, "/")] = v
			}
		}
		if d := cmp.Diff(expect, got, cmpopts.EquateApprox(1e-9, 1e-9)); d != "" {
			t.Errorf("%s, %s until %s, %v (-waits +panel):\n%s", id, span, at.Format(time.RFC3339), c, d)
		}
		compared += len(expect)
		if !want.ratio {
			for _, v := range expect {
				total += v
			}
		}
	}
	days := pastDays()
	for _, tc := range []struct {
		at             time.Time
		days           int
		owner, project string
	}{
		{r.to, 28, "eve", everything},
		{r.to.Add(-26*time.Hour + 37*time.Minute), 7, "gil", everything}, // between two samples
		{r.to.AddDate(0, 0, -days*45/100).Add(20 * time.Minute), 28, "cy", "WEB"},
		{r.to, days * 9 / 10, "gil", everything},
		{r.to.AddDate(0, 0, -days*30/100), days * 9 / 10, "hana", everything}, // from before the first sample on
	} {
		c := choice{"owner": tc.owner, "project": tc.project, "window": fmt.Sprint(tc.days, "d"), "kind": everything, "job": everything}
		for _, b := range boards(t) {
			for _, p := range b.Panels {
				for _, q := range p.Targets {
					counts := strings.Contains(q.Expr, "_total") || strings.Contains(q.Expr, "_bucket") || strings.Contains(q.Expr, "_count{")
					if counts && !ofService(q.Expr) {
						one(b.UID+"/"+p.Title+"/"+q.RefID, q.Expr, c, tc.at, time.Duration(tc.days)*24*time.Hour, b.UID == uidOwner)
					}
				}
			}
		}
	}
	for id := range panels {
		if !seen[id] {
			t.Errorf("there is no %s that looks at counters: mend the test", id)
		}
	}
	if r.told == 0 {
		t.Error("in no comparison there are enough waits: mend the test")
	}
	// The test is worth nothing without series that were born above zero.
	born := 0
	for _, a := range r.Instant(t, fmt.Sprintf("count(po_waits_ended_total unless po_waits_ended_total offset %dd)", days*60/100), r.to) {
		born += int(a.Values[r.to.Unix()])
	}
	if born < 3 {
		t.Errorf("%d series began within the last %d days: too few", born, days*60/100)
	}
	t.Logf("%d numbers of %d queries compared, in which %.0f events are counted; %d series of ended waits were born within %d days", compared, len(seen), total, born, days*60/100)
}

// compare compares what a panel says of a range and the one before with what `waits`
// lists of both, and returns how many numbers it compared.
func (r *real) compare(t *testing.T, id, expr string, c choice, want countedBy, at time.Time, span time.Duration, mine func(owner, project string) bool) (compared int) {
	t.Helper()
	until := at.Truncate(time.Hour)
	since, before := until.Add(-span), until.Add(-2*span)
	n := want
	n.ratio, n.value = false, nil
	var shares, numbers [2]map[string]float64
	if !before.Before(r.from) {
		for i, ends := range [][2]time.Time{{before, since}, {since, until}} {
			shares[i] = want.grew(r.waits(t, ends[0]), r.waits(t, ends[1]), mine)
			numbers[i] = n.grew(r.waits(t, ends[0]), r.waits(t, ends[1]), mine)
		}
	}
	for _, a := range r.Instant(t, c.fill(expr, span, time.Hour), at) {
		series := a.Labels["kind"]
		if a.Labels["project"] != "" {
			series = a.Labels["project"] + "/" + series
		}
		expect := 6.0 // cannot tell
		if numbers[0][series] >= 10 && numbers[1][series] >= 10 {
			angle := func(i int) float64 {
				n := numbers[i][series]
				return 2 * math.Asin(math.Sqrt((shares[i][series]*n+0.375)/(n+0.75)))
			}
			z := (angle(1) - angle(0)) / math.Sqrt(1/(numbers[0][series]+0.5)+1/(numbers[1][series]+0.5))
			switch {
			case z <= -1.96:
				expect = 1
			case z >= 1.96:
				expect = 5
			case math.Abs(z) < 1.96/3:
				expect = 3
			default: // may be chance
				expect = 3 + math.Copysign(1, z)
			}
			r.told++
		}
		compared++
		if got := a.Values[at.Unix()]; got != expect {
			t.Errorf("%s, %s until %s, %v, %s: %v; the shares %v of %v make it %v", id, span, at.Format(time.RFC3339), c, series, got, shares, numbers, expect)
		}
	}
	if compared == 0 {
		t.Errorf("%s, %s until %s, %v: nothing is compared", id, span, at.Format(time.RFC3339), c)
	}
	return compared
}

// heatmap compares the columns of ten days, and returns how many cells it compared.
func (r *real) heatmap(t *testing.T, id string, c choice, expr string, want countedBy, at time.Time, mine func(owner, project string) bool) (compared int) {
	t.Helper()
	const column = 24 * time.Hour
	at = at.Truncate(time.Hour)
	got := map[int64]map[float64]float64{}
	for _, a := range r.Course(t, c.fill(expr, 10*column, column), at.Add(-9*column), at, column) {
		le, err := strconv.ParseFloat(a.Labels["le"], 64)
		if err != nil {
			t.Fatal(err)
		}
		for unix, v := range a.Values {
			if got[unix] == nil {
				got[unix] = map[float64]float64{}
			}
			got[unix][le] = v
		}
	}
	for unix, cells := range got {
		until := time.Unix(unix, 0)
		for le, v := range cells {
			n := 0.0
			for i, list := range [][]listed{r.waits(t, until.Add(-column)), r.waits(t, until)} {
				for j := range list {
					if l := &list[j]; want.row(l) && mine(l.Owner, l.Project) && l.Working <= le {
						n += float64(2*i - 1)
					}
				}
			}
			compared++
			if v != n {
				t.Errorf("%s, %v, column of %s, up to %g s: %v, and waits lists %v", id, c, until.UTC(), le, v, n)
			}
		}
	}
	if len(got) == 0 {
		t.Errorf("%s, %v: no column", id, c)
	}
	return compared
}
