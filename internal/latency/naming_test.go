package latency

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// reversed is a pseudonym that a test can read.
type reversed struct{}

func (reversed) Of(person string) string {
	runes := []rune(person)
	slices.Reverse(runes)
	return "p-" + string(runes)
}

// TestLabels holds what people are called.
func TestLabels(t *testing.T) {
	for _, tc := range []struct {
		name                string
		rules               Rules
		label, one, display string // of ada; what else there is follows
		named, unowned      string
	}{
		{"as they are", Rules{}, "ada", "ada", "Ada", "Ada", Unowned},
		{"pseudonyms", Rules{Pseudonyms: reversed{}}, "p-ada", "p-ada", "p-ada", "p-ada", Unowned},
		{"together", Rules{Together: true}, All, "ada", "Ada", "All owners", All},
		{"both", Rules{Together: true, Pseudonyms: reversed{}}, All, "p-ada", "p-ada", "All owners", All},
	} {
		tc.rules.Names = map[string]string{"ada": "Ada"}
		got := []string{tc.rules.Label("ada"), tc.rules.Pseudonym("ada"), tc.rules.Name("ada"), tc.rules.LabelName("ada"), tc.rules.Label(Unowned), tc.rules.Label(""), tc.rules.LabelName("")}
		if want := []string{tc.label, tc.one, tc.display, tc.named, tc.unowned, "", ""}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", tc.name, got, want)
		}
	}
}

// reported derives stories and reports on them as of an instant.
func reported(rules *Rules, stories []*History, asOf Instant) *Report {
	d := NewDeriver(rules, nil)
	totals := NewTotals()
	var traces []*Trace
	var open []Part
	for _, h := range stories {
		res := d.Story(h, asOf)
		for e := range rules.Entries(h.ID, res, asOf) {
			totals.Add(e)
		}
		for i := range res.Parts {
			if res.Parts[i].Open() {
				open = append(open, res.Parts[i])
			}
		}
		trace := res.Trace(asOf.Add(-LongestWindow))
		traces = append(traces, &trace)
	}
	return NewReport(rules, asOf, totals, open, nil, NewStatistics(rules, Rolling(asOf), slices.Values(traces)), 1000)
}

// TestNamesChangeNoNumber reports on random stories by name, by pseudonym and with
// all owners together. Pseudonyms rename, and nothing else. Together, each sum is the
// sum over the owners, the oldest wait is the oldest of any, and each distribution is
// that of all the waits, which is not made from the owners'.
func TestNamesChangeNoNumber(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plain, hidden, together := busyRules(t), busyRules(t), busyRules(t)
		hidden.Pseudonyms, together.Together = reversed{}, true
		var stories []*History
		var asOf Instant
		for i := range rapid.IntRange(1, 8).Draw(rt, "stories") {
			h := randomTale(t, rt)
			h.ID = int64(i + 1)
			h.Key = "PAY-" + string(rune('A'+i))
			asOf = max(asOf, randomInstant(rt, h))
			stories = append(stories, h)
		}
		want, renamed, all := reported(plain, stories, asOf), reported(hidden, stories, asOf), reported(together, stories, asOf)

		if diff := cmp.Diff(relabelled(want, hidden.Label), renamed, sameReport()...); diff != "" {
			rt.Errorf("by pseudonym (-renamed by the test +reported):\n%s", diff)
		}
		if diff := cmp.Diff(totalsOf(want.Totals, together.Label), all.Totals); diff != "" {
			rt.Errorf("totals (-sums over the owners +together):\n%s", diff)
		}
		open := map[Key]OpenState{}
		for k, o := range want.Open {
			k.Owner = All
			sum := open[k]
			open[k] = OpenState{
				Open: sum.Open + o.Open, Overdue: sum.Overdue + o.Overdue, Paused: sum.Paused + o.Paused, Forgotten: sum.Forgotten + o.Forgotten,
				Oldest: max(sum.Oldest, o.Oldest), OldestElapsed: max(sum.OldestElapsed, o.OldestElapsed),
			}
		}
		if diff := cmp.Diff(open, all.Open); diff != "" {
			rt.Errorf("open (-sums over the owners +together):\n%s", diff)
		}
		shares, passes := map[OwnerWindow]Share{}, map[OwnerWindow]FirstPass{}
		for k, v := range want.Statistics.Shares {
			k.Owner = All
			sum := shares[k]
			shares[k] = Share{sum.Owner + v.Owner, sum.Question + v.Question, sum.Total + v.Total}
		}
		for k, v := range want.Statistics.FirstPass {
			k.Owner = All
			passes[k] = FirstPass{passes[k].Accepted + v.Accepted, passes[k].Stories + v.Stories}
		}
		if diff := cmp.Diff(shares, all.Statistics.Shares); diff != "" {
			rt.Errorf("shares of cycle time (-sums over the owners +together):\n%s", diff)
		}
		if diff := cmp.Diff(passes, all.Statistics.FirstPass); diff != "" {
			rt.Errorf("first pass (-sums over the owners +together):\n%s", diff)
		}
		for k, d := range all.Statistics.Waits {
			if k.Owner != All && k.Owner != "" {
				rt.Errorf("a distribution is %s's", k.Owner)
			}
			if k.Owner != All || k.Project == "" {
				continue
			}
			k.Owner = ""
			if project := want.Statistics.Waits[k]; project == nil || quantiles(d) != quantiles(project) || d.count() != project.count() {
				rt.Errorf("%v: together %s of %d, and the project's are %s of %d", k, quantiles(d), d.count(), quantiles(project), project.count())
			}
		}
		if len(all.Absent)+len(all.AbsentUntil)+len(all.Delegations) > 0 || len(all.Names) != 1 {
			rt.Errorf("somebody is told apart: %v, %v, %v", all.Absent, all.Delegations, all.Names)
		}
		for _, w := range slices.Concat(all.OpenWaits, all.Forgotten) {
			if w.Owner != All {
				rt.Errorf("an open wait is %s's", w.Owner)
			}
		}
		if diff := cmp.Diff(want.Stories, all.Stories); diff != "" {
			rt.Errorf("stories (-by name +together):\n%s", diff)
		}
	})
}

// sameReport compares reports, whose statistics hold the rules, by what they show.
func sameReport() []cmp.Option {
	return []cmp.Option{
		cmpopts.IgnoreUnexported(Statistics{}, OpenWait{}, Report{}, Waiting{}), cmpopts.EquateEmpty(),
		cmp.Transformer("shown", func(d *Distribution) string { return quantiles(d) }),
		cmpopts.SortSlices(func(a, b OpenWait) bool {
			return strings.Compare(a.Owner+string(a.Kind)+a.Story, b.Owner+string(b.Kind)+b.Story) < 0
		}),
		cmpopts.SortSlices(func(a, b Delegated) bool { return a.Owner+a.Delegate < b.Owner+b.Delegate }),
	}
}

// rekeyed returns a map with other keys, all of which must differ.
func rekeyed[K comparable, V any](m map[K]V, key func(K) K) map[K]V {
	out := map[K]V{}
	for k, v := range m {
		out[key(k)] = v
	}
	return out
}

// relabelled returns a report with other labels of owners.
func relabelled(r *Report, label func(string) string) *Report {
	out := *r
	key := func(k Key) Key { return Key{k.Kind, k.Project, label(k.Owner)} }
	out.Totals = totalsOf(r.Totals, label)
	out.Open, out.Absent = rekeyed(r.Open, key), rekeyed(r.Absent, label)
	out.Names = map[string]string{}
	for who := range r.Names {
		out.Names[label(who)] = label(who)
	}
	out.AbsentUntil = rekeyed(r.AbsentUntil, label)
	waits := func(list []OpenWait) (out []OpenWait) {
		for _, w := range list {
			w.Key = key(w.Key)
			out = append(out, w)
		}
		return out
	}
	out.OpenWaits, out.Forgotten = waits(r.OpenWaits), waits(r.Forgotten)
	out.Queue = slices.Clone(r.Queue)
	for i := range out.Queue {
		out.Queue[i].Owner = label(out.Queue[i].Owner)
	}
	out.Delegations = nil
	for _, d := range r.Delegations {
		out.Delegations = append(out.Delegations, Delegated{label(d.Owner), label(d.Delegate), d.Until})
	}
	statistics := *r.Statistics
	window := func(k OwnerWindow) OwnerWindow { return OwnerWindow{k.Project, label(k.Owner), k.Window} }
	statistics.Shares, statistics.FirstPass = rekeyed(statistics.Shares, window), rekeyed(statistics.FirstPass, window)
	statistics.Waits = rekeyed(statistics.Waits, func(k WaitsKey) WaitsKey {
		k.Owner = label(k.Owner)
		return k
	})
	out.Statistics = &statistics
	return &out
}

// totalsOf returns totals with other labels of owners, those with one label added up.
func totalsOf(t *Totals, label func(string) string) *Totals {
	out := NewTotals()
	out.Slips, out.Bypassed = t.Slips, t.Bypassed
	key := func(k Key) Key { return Key{k.Kind, k.Project, label(k.Owner)} }
	add := func(into, from *Histogram) *Histogram {
		if into == nil {
			into = NewHistogram(from.Bounds)
		}
		for i, n := range from.Counts {
			into.Counts[i] += n
		}
		into.Count, into.Sum = into.Count+from.Count, into.Sum+from.Sum
		return into
	}
	for k, n := range t.Ended {
		out.Ended[EndedKey{key(k.Key), k.Outcome, k.Responder}] += n
	}
	for k, h := range t.Latency {
		k.Key = key(k.Key)
		out.Latency[k] = add(out.Latency[k], h)
	}
	for k, h := range t.Elapsed {
		out.Elapsed[key(k)] = add(out.Elapsed[key(k)], h)
	}
	for k, n := range t.Breached {
		out.Breached[key(k)] += n
	}
	for k, n := range t.Met {
		out.Met[key(k)] += n
	}
	for k, n := range t.Guards {
		out.Guards[GuardKey{k.Guard, k.Project, label(k.Owner)}] += n
	}
	return out
}
