package e2e

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// number is a sample of a metric.
type number struct {
	metric string
	labels map[string]string
	value  float64
}

// numbers are samples as of one instant.
type numbers []number

// id renders the series.
func (n number) id() string { return n.metric + " " + labelled(n.labels) }

// labelled renders labels in order, without those that a scrape adds.
func labelled(labels map[string]string) string {
	var out []string
	for name, v := range labels {
		if v != "" && name != "__name__" && name != "job" && name != "instance" {
			out = append(out, name+"="+v)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// values returns the samples by their series. What is not there is 0 or, of the
// longest waits and of quantiles, not told. A breach is of the project that the
// story was in just then, and waits tell the present one alone: breaches are
// compared by owner and kind.
func (n numbers) values() map[string]float64 {
	out := map[string]float64{}
	for _, one := range n {
		if one.metric == "po_waits_breached_total" {
			labels := maps.Clone(one.labels)
			delete(labels, "project")
			if one.value != 0 {
				out[number{one.metric, labels, 0}.id()] += one.value
			}
			continue
		}
		if one.value != 0 || one.metric == "po_open_wait_seconds" || strings.HasSuffix(one.metric, "wait_rolling_seconds") || one.metric == "po_first_pass_ratio" {
			out[one.id()] = one.value
		}
	}
	return out
}

// where returns the samples of a metric whose labels are among the given ones; "a|b" is either.
func (n numbers) where(metric string, labels ...string) numbers {
	return slices.DeleteFunc(slices.Clone(n), func(one number) bool {
		if one.metric != metric {
			return true
		}
		for i := 0; i < len(labels); i += 2 {
			if labels[i+1] != "" && !slices.Contains(strings.Split(labels[i+1], "|"), one.labels[labels[i]]) {
				return true
			}
		}
		return false
	})
}

// fold combines the samples that have the same values of some labels.
func (n numbers) fold(f func(a, b float64) float64, by ...string) map[string]float64 {
	out := map[string]float64{}
	for _, one := range n {
		labels := map[string]string{}
		for _, name := range by {
			labels[name] = one.labels[name]
		}
		id := labelled(labels)
		if old, ok := out[id]; ok {
			out[id] = f(old, one.value)
		} else {
			out[id] = one.value
		}
	}
	return out
}

func plus(a, b float64) float64 { return a + b }

// lists caches what `waits` lists as of instants.
type lists struct {
	config string
	known  map[time.Time][]query.Part
}

func newLists(config string) *lists { return &lists{config, map[time.Time][]query.Part{}} }

// asOf returns what `waits` lists as of an instant.
func (l *lists) asOf(t testing.TB, at time.Time) []query.Part {
	t.Helper()
	list, ok := l.known[at]
	if !ok {
		if err := json.Unmarshal([]byte(yourturn(t, 0, "waits", "--config.file", l.config, "--format", "json", "--as-of", at.Format(time.RFC3339Nano))), &list); err != nil {
			t.Fatal(err)
		}
		l.known[at] = list
	}
	return list
}

// partID identifies a part of a wait at any instant.
type partID struct{ story, kind, start, owner string }

func partOf(w *query.Part) partID { return partID{w.StoryID, w.Kind, w.Start, w.Owner} }

// comparedMetrics matches the series that numbers recomputes.
const comparedMetrics = `po_waits_open|po_waits_overdue|po_waits_forgotten|po_wait_oldest_seconds|po_wait_oldest_elapsed_seconds|po_story_wait_oldest_seconds|po_stories_overdue|po_open_wait_seconds|` +
	`po_waits_ended_total|po_waits_breached_total|po_waits_met_total|` +
	`po_(acceptance|question_response)_latency(_elapsed)?_seconds_(bucket|count|sum)|` +
	`po_wait_rolling_samples|po_(owner_|project_)?wait_rolling_seconds|po_first_pass_ratio`

// numbers returns what the metrics must show as of an instant, recomputed from what
// `waits` lists.
func (l *lists) numbers(t testing.TB, at time.Time) numbers {
	t.Helper()
	list := l.asOf(t, at)
	r := recounted{values: map[string]float64{}, of: map[string]number{}}
	over := map[partID]bool{} // past the target for so long that no slip can undo it
	for _, w := range l.asOf(t, at.Add(-5*time.Minute)) {
		over[partOf(&w)] = w.Breached
	}
	newest := newestOpen(list)
	for i := range list {
		w := &list[i]
		if w.Breached && over[partOf(w)] {
			r.add("po_waits_breached_total", 1, "kind", w.Kind, "project", w.Project, "owner", w.Owner)
		}
		if w.End != nil {
			r.ended(w)
		} else {
			r.open(w, newest[w.StoryID+w.Kind])
		}
	}
	for name, days := range map[string]int{"7d": 7, "28d": 28, "90d": 90} {
		since := at.AddDate(0, 0, -days)
		r.rolling(list, l.asOf(t, since), name, since, at)
		r.firstPass(list, name, since, at)
	}
	var out numbers
	for id, n := range r.of {
		n.value = r.values[id]
		out = append(out, n)
	}
	return out
}

// recounted adds up waits.
type recounted struct {
	values map[string]float64
	of     map[string]number
}

func (r *recounted) set(f func(a, b float64) float64, metric string, v float64, labels ...string) {
	n := number{metric: metric, labels: map[string]string{}}
	for i := 0; i < len(labels); i += 2 {
		n.labels[labels[i]] = labels[i+1]
	}
	id := n.id()
	r.of[id], r.values[id] = n, f(r.values[id], v)
}

func (r *recounted) add(metric string, v float64, labels ...string) {
	r.set(plus, metric, v, labels...)
}

func (r *recounted) most(metric string, v float64, labels ...string) {
	r.set(math.Max, metric, v, labels...)
}

// newestOpen returns the newest of the open waits of a kind on a story, by both:
// one that began before the ending of the last was final is open alone.
func newestOpen(list []query.Part) map[string]*query.Part {
	newest := map[string]*query.Part{}
	for i := range list { // in order of start
		if w := &list[i]; w.End == nil {
			newest[w.StoryID+w.Kind] = w
		}
	}
	return newest
}

// open takes a wait that has not ended, and the newest one of its kind on the story.
func (r *recounted) open(w, newest *query.Part) {
	who := []string{"kind", w.Kind, "project", w.Project, "owner", w.Owner}
	if w.Project != newest.Project || w.Owner != newest.Owner {
		return
	}
	r.most("po_wait_oldest_seconds", w.WorkingSeconds, who...)
	r.most("po_wait_oldest_elapsed_seconds", w.ElapsedSeconds, who...)
	if !w.Forgotten {
		r.most("po_open_wait_seconds", w.StoryWorkingSeconds, append(who, "story", w.Story)...)
	}
	r.most("po_story_wait_oldest_seconds", w.StoryWorkingSeconds, who[:4]...)
	if w != newest {
		return
	}
	r.add("po_waits_open", 1, who...)
	if w.Forgotten {
		r.add("po_waits_forgotten", 1, who...)
	}
	if w.WorkingSeconds > w.TargetSeconds {
		r.add("po_waits_overdue", 1, who...)
	}
	if w.StoryWorkingSeconds > w.TargetSeconds {
		r.add("po_stories_overdue", 1, who[:4]...)
	}
}

// responded reports whether the owner's decision or an answer ended a wait.
func responded(w *query.Part) bool {
	return w.End != nil && slices.Contains([]string{"accepted", "rejected", "answered"}, w.Outcome)
}

// ended takes a wait that has ended.
func (r *recounted) ended(w *query.Part) {
	who := []string{"kind", w.Kind, "project", w.Project, "owner", w.Owner}
	r.add("po_waits_ended_total", 1, append(slices.Clone(who), "outcome", w.Outcome, "responder", w.Responder)...)
	if !responded(w) {
		return
	}
	if !w.Breached {
		r.add("po_waits_met_total", 1, who...)
	}
	responder := w.Responder
	if responder == "automation" {
		responder = "other"
	}
	name, labels := "po_question_response_latency", append(slices.Clone(who[2:]), "responder", responder)
	if w.Kind == "acceptance" {
		name, labels = "po_acceptance_latency", append(labels, "outcome", w.Outcome)
	}
	r.observe(name+"_seconds", w.WorkingSeconds, latency.WorkingBuckets(), labels)
	r.observe(name+"_elapsed_seconds", w.ElapsedSeconds, latency.ElapsedBuckets(), who[2:])
}

// observe adds a value to a histogram.
func (r *recounted) observe(name string, v float64, bounds []time.Duration, labels []string) {
	r.add(name+"_sum", v, labels...)
	r.add(name+"_count", 1, labels...)
	for _, b := range bounds {
		if v <= b.Seconds() {
			r.add(name+"_bucket", 1, append(slices.Clone(labels), "le", bucket(b.Seconds()))...)
		}
	}
	r.add(name+"_bucket", 1, append(slices.Clone(labels), "le", "+Inf")...)
}

// bucket renders the bound of a bucket.
func bucket(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// ran is a wait in a window: at risk from the age that it had at the beginning, up to
// the age that it had at the end.
type ran struct {
	entry, age float64 // entry is below every age of what began in the window
	event      bool
	late       bool // its target passed while it was looked at
}

// rolling adds the sizes and the quantiles of a window.
func (r *recounted) rolling(list, atSince []query.Part, window string, since, at time.Time) {
	ages := map[partID]float64{}
	for i := range atSince {
		ages[partOf(&atSince[i])] = atSince[i].WorkingSeconds
	}
	type key struct{ metric, labels string }
	groups, labelsOf := map[key][]ran{}, map[key][]string{}
	for i := range list {
		w := &list[i]
		start := parsed(w.Start)
		if !start.Before(at) || w.End != nil && !parsed(*w.End).After(since) {
			continue
		}
		state := "open"
		if responded(w) {
			state = "ended"
		} else if w.End != nil {
			state = "censored"
		}
		r.add("po_wait_rolling_samples", 1, "kind", w.Kind, "project", w.Project, "owner", w.Owner, "window", window, "state", state)
		one := ran{entry: -1, age: w.WorkingSeconds, event: state == "ended"}
		if start.Before(since) {
			one.entry = ages[partOf(w)]
		}
		one.late = w.WorkingSeconds > w.TargetSeconds && one.age > one.entry
		for metric, labels := range map[string][]string{
			"po_wait_rolling_seconds":         {"kind", w.Kind, "project", w.Project, "owner", w.Owner},
			"po_owner_wait_rolling_seconds":   {"kind", w.Kind, "owner", w.Owner},
			"po_project_wait_rolling_seconds": {"kind", w.Kind, "project", w.Project},
		} {
			k := key{metric, strings.Join(labels, ",")}
			groups[k], labelsOf[k] = append(groups[k], one), labels
		}
	}
	for k, list := range groups {
		for _, q := range []float64{0.5, 0.75, 0.85, 0.95} {
			if v, ok := quantile(list, q); ok {
				r.add(k.metric, v, append(slices.Clone(labelsOf[k]), "window", window, "q", strconv.FormatFloat(q, 'g', -1, 64))...)
			}
		}
	}
}

// quantile is the smallest age by which the share q is over (Kaplan-Meier, with
// delayed entry); +Inf where none is and one is late.
func quantile(list []ran, q float64) (float64, bool) {
	var ages []float64
	late := false
	for _, one := range list {
		if one.event {
			ages = append(ages, one.age)
		}
		late = late || one.late
	}
	slices.Sort(ages)
	left := 1.0
	for _, age := range slices.Compact(ages) {
		risk, events := 0.0, 0.0
		for _, one := range list {
			if one.entry < age && one.age >= age {
				risk++
				if one.event && one.age == age {
					events++
				}
			}
		}
		if risk > 0 {
			left *= 1 - events/risk
		}
		if left <= 1-q+1e-9 {
			return age, true
		}
	}
	return math.Inf(1), late
}

// firstPass adds the share of stories that were accepted by their first decision, of
// those that had it in a window.
func (r *recounted) firstPass(list []query.Part, window string, since, at time.Time) {
	first := map[string]*query.Part{}
	for i := range list {
		w := &list[i]
		if w.Kind != "acceptance" || w.End == nil || w.Outcome != "accepted" && w.Outcome != "rejected" {
			continue
		}
		if f := first[w.StoryID]; f == nil || *w.End < *f.End {
			first[w.StoryID] = w
		}
	}
	type key struct{ project, owner string }
	stories, accepted := map[key]float64{}, map[key]float64{}
	for _, w := range first {
		if end := parsed(*w.End); !end.After(since) || end.After(at) {
			continue
		}
		k := key{w.Project, w.Owner}
		stories[k]++
		if w.Outcome == "accepted" {
			accepted[k]++
		}
	}
	for k, n := range stories {
		r.add("po_first_pass_ratio", accepted[k]/n, "project", k.project, "owner", k.owner, "window", window)
	}
}

// parsed reads an instant in the form of `waits`.
func parsed(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err) // the product's own form
	}
	return at
}
