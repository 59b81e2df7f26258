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
		kept := tracesByStory{}
		rolling := NewRollingStatistics(testRules(t), kept, 10*minute)
		for i, trace := range tc.traces {
			kept[int64(i)] = trace
			rolling.Replace(int64(i), nil, trace)
		}
		if counts, _ := rolling.Bulk(); counts[AuditKey{"PAY", FindBulk}] != tc.want {
			t.Errorf("%s: %v are kept, want %d", tc.name, counts, tc.want)
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
	key := AuditKey{"PAY", FindBulk}
	compare := func() {
		t.Helper()
		rolling.At(asOf)
		bulk, odd := Bulk{}, Report{}
		for range bulk.Count(maps.Values(traces)) {
			continue
		}
		want := bulk.Findings(maps.Values(traces))
		for _, f := range want {
			odd.AddOdd(key, f.StoryID)
		}
		found, latest := rolling.Bulk()
		if !slices.Equal(latest[key], odd.Odd[key]) {
			t.Errorf("of %d stories in bulk %v are named, want %v", len(want), latest[key], odd.Odd[key])
		}
		if found[key] != len(want) {
			t.Errorf("of %d stories %d are in bulk, want %d", len(traces), found[key], len(want))
		}
	}
	for id := range int64(30) {
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

// TestBulkEndsWithTheWindow has two endings in a minute on each of 21 stories: they are in
// bulk until the longest window begins with the later one.
func TestBulkEndsWithTheWindow(t *testing.T) {
	first := when(t, "Tue 12:00")
	second := first + 1000
	traces := tracesByStory{}
	rolling := NewRollingStatistics(testRules(t), traces, second)
	for id := range int64(21) {
		of := Sample{StoryID: id, Kind: Question, ProjectID: "1", Start: first - 1000, End: first, EndedBy: "dev"}
		again := of
		again.Start, again.End = first+1, second
		traces[id] = &Trace{Samples: []Sample{of, again}, Verdict: Verdict{At: Never}}
		rolling.Replace(id, nil, traces[id])
	}
	for _, tc := range []struct {
		begins Instant
		want   int
	}{{first - 1, 21}, {first, 21}, {second - 1, 21}, {second, 0}} {
		rolling.At(tc.begins.Add(LongestWindow))
		if found, _ := rolling.Bulk(); found[AuditKey{"PAY", FindBulk}] != tc.want {
			t.Errorf("%d ms after the first ending: %v in bulk, want %d", tc.begins-first, found, tc.want)
		}
	}
}
