package query_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
)

// sight is what somebody sees: projects, and in some of them owners' statistics.
type sight struct{ projects, owners []string }

func (s sight) SeesProject(project string) bool  { return slices.Contains(s.projects, project) }
func (s sight) SeesOwner(_, project string) bool { return slices.Contains(s.owners, project) }

// reported returns a reader of a generated Jira's store and the report over it.
func reported(t *testing.T) (*config.Config, *query.Reader, *latency.Report) {
	t.Helper()
	cfg := synced(t)
	r, err := query.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	report, err := measure.NewEngine(r.Store, 20).Show(t.Context(), r.Rules, r.State.DataTimestamp, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, r, report
}

// projectsOf returns the keys of the projects of a report.
func projectsOf(report *latency.Report) []string {
	var out []string
	for k := range report.Configured {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// TestWaitingNowIsWhatWaitsShows compares the list with the open parts that the
// command waits lists, and its totals with the report's.
func TestWaitingNowIsWhatWaitsShows(t *testing.T) {
	_, r, report := reported(t)
	all := sight{projectsOf(report), projectsOf(report)}
	want := map[string]query.Part{}
	waits, err := r.Waits(t.Context(), query.Filter{Open: true}, r.State.DataTimestamp, query.Preview{})
	if err != nil {
		t.Fatal(err)
	}
	defer waits.Close() //nolint:errcheck // a test
	for w, err := range waits.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		want[w.Story+string(w.Kind)] = query.NewPart(r.Rules, w)
	}
	if len(want) < 5 {
		t.Fatalf("only %d waits are open: nothing is compared", len(want))
	}
	var listed int
	for _, state := range latency.WaitStates() {
		for offset := 0; ; {
			list, err := query.Now{Report: report, See: all, JiraURL: "https://jira.example/"}.Waiting(t.Context(), query.WaitingFilter{State: state, Offset: offset, Limit: 7})
			if err != nil {
				t.Fatal(err)
			}
			open, overdue, forgotten, paused := 0, 0, 0, 0
			for _, o := range report.Open {
				open, overdue, forgotten, paused = open+o.Open, overdue+o.Overdue, forgotten+o.Forgotten, paused+o.Paused
			}
			got := list.Totals
			if got.Open != open || got.Overdue != overdue || got.Forgotten != forgotten || got.Paused != paused {
				t.Fatalf("totals %+v, want %d open, %d overdue, %d forgotten, %d paused", got, open, overdue, forgotten, paused)
			}
			for _, w := range list.Waits {
				p, ok := want[w.Story+string(w.Kind)]
				if !ok {
					t.Errorf("%s %s is listed and does not wait", w.Story, w.Kind)
					continue
				}
				line := fmt.Sprint(w.StoryID, w.Project, w.Owner, query.Stamp(w.Start.Instant()), w.Working.Duration().Seconds(), w.Elapsed.Duration().Seconds(), w.StoryWorking.Duration().Seconds(), w.Target.Duration().Seconds(), w.State == latency.StateForgotten)
				if want := fmt.Sprint(p.StoryID, p.Project, p.Owner, p.Start, p.WorkingSeconds, p.ElapsedSeconds, p.StoryWorkingSeconds, p.TargetSeconds, p.Forgotten); line != want {
					t.Errorf("%s: %s\nwant %s", w.Story, line, want)
				}
				if state != latency.StateOverdue {
					delete(want, w.Story+string(w.Kind))
					listed++
				}
			}
			if offset += len(list.Waits); offset >= list.Total {
				break
			}
		}
	}
	for name := range want {
		if p := want[name]; p.WorkingSeconds <= p.TargetSeconds {
			t.Errorf("%s waits and is not listed", name)
		}
	}
}

// TestWaitingNowShowsWhatOneMaySee asks as nobody, as a member and as a lead of a
// project.
func TestWaitingNowShowsWhatOneMaySee(t *testing.T) {
	_, _, report := reported(t)
	project := projectsOf(report)[0]
	for name, tc := range map[string]struct {
		see             sight
		some, estimates bool
	}{
		"nobody": {sight{}, false, false},
		"member": {sight{projects: []string{project}}, true, false},
		"lead":   {sight{owners: []string{project}}, true, true},
	} {
		list, err := query.Now{Report: report, See: tc.see}.Waiting(t.Context(), query.WaitingFilter{Limit: query.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		expected := false
		for _, w := range list.Waits {
			expected = expected || w.Expected != nil
			if w.Project != project || w.URL != "" {
				t.Errorf("%s: %s of %s with the address %q", name, w.Story, w.Project, w.URL)
			}
		}
		if (list.Total > 0) != tc.some || expected != tc.estimates || (list.Totals.Open > 0) != tc.some {
			t.Errorf("%s: %d waits, %+v, expected answers: %t", name, list.Total, list.Totals, expected)
		}
	}
}

// many returns a report of so many open waits.
func many(t *testing.T, n int) *latency.Report {
	t.Helper()
	week := calendar.Week{time.Monday: {{From: 9 * 60, To: 17 * 60}}}
	hours, err := calendar.New(calendar.Spec{Zone: time.UTC, Week: week})
	if err != nil {
		t.Fatal(err)
	}
	rules := &latency.Rules{Projects: map[string]*latency.Project{"1": {ID: "1", Key: "PAY", Calendar: hours}}}
	asOf := latency.At(end())
	var parts []latency.Part
	for i := range n {
		parts = append(parts, latency.Part{
			Wait:      latency.Wait{StoryID: int64(i + 1), Story: fmt.Sprintf("PAY-%d", i+1), Kind: latency.Question, Since: asOf - 1},
			ProjectID: "1", Owner: "ada", Start: asOf - 1, End: latency.Never, Target: time.Hour,
		})
	}
	return latency.NewReport(rules, asOf, latency.NewTotals(), parts, nil, &latency.Statistics{}, 20)
}

// TestPagesOfWaits asks for pages at and past the end, and for titles of just what is
// listed.
func TestPagesOfWaits(t *testing.T) {
	report := many(t, 30)
	all := sight{projectsOf(report), nil}
	var asked []int64
	titles := func(_ context.Context, ids []int64) (map[int64]string, error) {
		asked = ids
		return map[int64]string{ids[0]: "<b>"}, nil
	}
	whole, err := query.Now{Report: report, See: all}.Waiting(t.Context(), query.WaitingFilter{Limit: query.MaxPage})
	if err != nil || whole.Total != 30 {
		t.Fatalf("%d waits, %v", whole.Total, err)
	}
	for _, tc := range []struct{ offset, limit, wantOffset, want int }{
		{0, 4, 0, 4},
		{4, 1, 4, 1},
		{-3, 2, 0, 2},
		{whole.Total - 1, 4, whole.Total - 1, 1},
		{whole.Total, whole.Total - 1, whole.Total - 1, 1},
		{1_000_000, 4, (whole.Total - 1) / 4 * 4, (whole.Total-1)%4 + 1},
		{0, 0, 0, min(query.DefaultPage, whole.Total)},
	} {
		list, err := query.Now{Report: report, See: all, Titles: titles}.Waiting(t.Context(), query.WaitingFilter{Offset: tc.offset, Limit: tc.limit})
		if err != nil {
			t.Fatal(err)
		}
		if list.Offset != tc.wantOffset || len(list.Waits) != tc.want || list.Total != whole.Total || len(asked) != tc.want || list.Waits[0].Title != "<b>" {
			t.Errorf("%d from %d: %d from %d, titles of %d", tc.limit, tc.offset, len(list.Waits), list.Offset, len(asked))
		}
		if list.Waits[0].Story != whole.Waits[list.Offset].Story {
			t.Errorf("%d from %d: begins with %s", tc.limit, tc.offset, list.Waits[0].Story)
		}
	}
	broken := func(context.Context, []int64) (map[int64]string, error) { return nil, errors.New("the disk is gone") }
	if _, err := (query.Now{Report: report, See: all, Titles: broken}).Waiting(t.Context(), query.WaitingFilter{}); err == nil {
		t.Error("titles that cannot be read are no error")
	}
	if list, err := (query.Now{Report: report, See: all, Titles: broken}).Waiting(t.Context(), query.WaitingFilter{Owner: "nobody"}); err != nil || list.Total != 0 || list.Waits == nil {
		t.Errorf("nothing selected: %+v, %v", list, err)
	}
}

// TestWaitingInJSON holds the form that others read.
func TestWaitingInJSON(t *testing.T) {
	w := query.Waiting{
		StoryID: "10007", Story: "PAY-7", Kind: latency.Question, Since: query.Time(latency.At(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))), Working: query.Seconds(90 * time.Minute),
		Passed: query.Time(latency.Never), Due: query.Time(latency.Never), AbsentUntil: query.Time(latency.Never), MayAnswer: []query.StandIn{{Person: "grace", Name: "Grace", Until: query.Time(latency.Never)}},
		Expected: &query.Expected{Half: query.Forecast{Within: query.Seconds(time.Hour), At: query.Time(latency.Never)}, Stands: true},
	}
	got, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"story_id":"10007","story":"PAY-7","title":"","url":"","kind":"question","project":"","owner":"","owner_name":"","since":"2026-03-02T08:00:00.000Z","start":"1970-01-01T00:00:00.000Z",` +
		`"working_seconds":5400,"elapsed_seconds":0,"story_working_seconds":0,"story_elapsed_seconds":0,"target_seconds":0,"state":"","paused":false,"passed_target":null,"due":null,` +
		`"may_answer":[{"person":"grace","name":"Grace","until":null}],"absent":false,"absent_until":null,` +
		`"expected":{"half":{"within_seconds":3600,"later":false,"at":null},"most":{"within_seconds":0,"later":false,"at":"1970-01-01T00:00:00.000Z"},"when_it_goes_on":true},"working_day_seconds":0,"zone":""}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("JSON (-want +got):\n%s", d)
	}
}
