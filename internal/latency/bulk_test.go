package latency

import (
	"maps"
	"slices"
	"testing"
)

// TestBulk has endings of many stories by one actor.
func TestBulk(t *testing.T) {
	const minute = Instant(60_000)
	ended := func(stories int, by string, at Instant) (out []*Trace) {
		for i := range stories {
			out = append(out, &Trace{Samples: []Sample{{StoryID: int64(i + 1), Story: "PAY-1", ProjectID: "1", EndedBy: by, End: at}}})
		}
		return out
	}
	story := func(id int64, samples ...Sample) *Trace {
		for i := range samples {
			samples[i].StoryID, samples[i].Story, samples[i].ProjectID = id, "PAY-1", "1"
		}
		return &Trace{Samples: samples}
	}
	// The last story was ended by nobody, by another actor, by this one in another
	// minute, and then with the others.
	among := append(ended(20, "dev", minute), story(21, Sample{End: minute}, Sample{EndedBy: "dev2", End: minute}, Sample{EndedBy: "dev", End: 5 * minute}, Sample{EndedBy: "dev", End: minute}))
	// Two actors end all of 21 stories in one minute: each story is found twice.
	var both []*Trace
	for i := range int64(21) {
		both = append(both, story(i+1, Sample{EndedBy: "dev", End: minute}, Sample{EndedBy: "dev2", End: minute}))
	}
	twice := ended(20, "dev", minute)
	for _, tr := range twice { // two waits of a story in one minute are one
		tr.Samples = append(tr.Samples, tr.Samples[0])
	}
	for _, tc := range []struct {
		name   string
		traces []*Trace
		want   int
	}{
		{"of 20 stories", ended(20, "dev", minute), 0},
		{"of 21", ended(21, "dev", minute), 21},
		{"of 20, two waits of each", twice, 0},
		{"over two minutes", append(ended(11, "dev", minute), ended(11, "dev", 2*minute)...), 0},
		{"at the ends of one minute", append(ended(11, "dev", minute), ended(10, "dev", 2*minute-1)...), 21},
		{"among other endings", among, 21},
		{"by two, each of 21", both, 42},
		{"by two", append(ended(11, "dev", minute), ended(11, "dev2", minute)...), 0},
		{"by nobody", ended(30, "", minute), 0},
	} {
		bulk := Bulk{}
		n := 0
		for range bulk.Count(slices.Values(tc.traces)) {
			n++
		}
		found := bulk.Findings(slices.Values(tc.traces))
		if n != len(tc.traces) || len(found) != tc.want {
			t.Errorf("%s: %d findings in %d of %d traces, want %d", tc.name, len(found), n, len(tc.traces), tc.want)
		}
		for _, f := range found {
			if f.Reason != FindBulk || f.StoryID == 0 || f.Story == "" || f.ProjectID != "1" || f.At/minute != 1 || f.Detail != "one of 21 stories in this minute" {
				t.Errorf("%s: %+v", tc.name, f)
			}
		}
	}
}

// TestBulkIsKeptUpToDate lets stories that were ended in one minute come and go one by
// one, before and after they are enough to be in bulk.
func TestBulkIsKeptUpToDate(t *testing.T) {
	rules := testRules(t)
	traces := tracesByStory{}
	asOf := when(t, "Fri 12:00")
	rolling := NewRollingStatistics(rules, traces, asOf)
	compare := func() {
		t.Helper()
		rolling.At(asOf)
		bulk := Bulk{}
		for range bulk.Count(maps.Values(traces)) {
			continue
		}
		want := len(bulk.Findings(maps.Values(traces)))
		found, latest := rolling.Bulk()
		if n := len(latest[AuditKey{"PAY", FindBulk}]); n != min(want, OddExamples) {
			t.Errorf("of %d stories in bulk %d are named", want, n)
		}
		if got := found[AuditKey{"PAY", FindBulk}]; got != want {
			t.Errorf("of %d stories %d are in bulk, want %d", len(traces), got, want)
		}
	}
	for id := range int64(25) {
		at := when(t, "Tue 12:00") + Instant(id)
		trace := &Trace{Samples: []Sample{{StoryID: id, Kind: Question, ProjectID: "1", Start: at - 1000, End: at, EndedBy: "dev"}}, Verdict: Verdict{At: Never}}
		rolling.Replace(id, nil, trace)
		traces[id] = trace
		compare()
	}
	for id := range int64(6) {
		rolling.Replace(id, traces[id], nil)
		delete(traces, id)
		compare()
	}
	for range 5 { // one leaves the longest window at each
		asOf = traces[slices.Min(slices.Collect(maps.Keys(traces)))].Samples[0].End.Add(LongestWindow)
		compare()
	}
}
