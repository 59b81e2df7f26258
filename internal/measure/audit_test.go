package measure

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

// found lists findings by reason, and checks that the report counts as many.
func found(t *testing.T, s *store.Store, r *latency.Report, rules *latency.Rules, asOf latency.Instant) []string {
	t.Helper()
	findings, err := Audit(t.Context(), s, rules, asOf)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[latency.AuditKey]int{}
	var out []string
	for _, f := range findings {
		counts[latency.AuditKey{Project: "PAY", Reason: f.Reason}]++
		out = append(out, fmt.Sprintf("%d %s %s", f.StoryID, f.Reason, f.Detail))
	}
	shown := map[latency.AuditKey]int{}
	for k, n := range r.Audit {
		if n > 0 {
			shown[k] = n
		}
	}
	if d := cmp.Diff(counts, shown); d != "" {
		t.Errorf("the audit lists and the report counts (-listed +counted):\n%s", d)
	}
	return out
}

// TestCorrected lets the past change after it was counted.
func TestCorrected(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	rules := rulesOf(t, "review")
	e := NewEngine(s, 20)
	save(t, s, tale(1, at, "doing", "review", "done"), tale(2, at, "doing", "review", "done"))
	r, err := e.Load(ctx, rules, "a", at+3*hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := found(t, s, r, rules, at+3*hour); len(got) > 2 { // exit_by_default of each
		t.Errorf("before anything changed: %v", got)
	}
	// A record between the others, which Jira tells late: the story was sent back before.
	late := tale(1, at, "doing", "review", "done")
	back := late.History.Events[1]
	back.At, back.ID, back.Actor = at+hour+hour/2, 50, "po"
	back.Changes = []latency.Change{{Field: latency.FieldStatus, From: latency.Value{ID: "review"}, To: latency.Value{ID: "doing"}}}
	late.History.Events = []latency.Event{back}
	changed := save(t, s, late)
	if r, err = e.Refresh(ctx, changed, at+4*hour); err != nil {
		t.Fatal(err)
	}
	want := "1 corrected counted accepted by owner for po in PAY at 2026-02-25T08:13:20Z, now rejected by owner for po in PAY at 2026-02-25T07:43:20Z"
	got := found(t, s, r, rules, at+4*hour)
	if !slices.Contains(got, want) {
		t.Errorf("findings %q lack %q", got, want)
	}
	// Another config brings up a wait of the past: not counted, and found.
	if r, err = e.Load(ctx, rulesOf(t, "doing"), "b", at+4*hour, nil); err != nil {
		t.Fatal(err)
	}
	got = found(t, s, r, rulesOf(t, "doing"), at+4*hour)
	late2 := slices.ContainsFunc(got, func(f string) bool {
		return f == "2 corrected not counted: recalled by other for po in PAY at 2026-02-25T07:13:20Z came up after its time"
	})
	if !late2 {
		t.Errorf("findings %q lack what came up after its time", got)
	}
}

// TestNotesAreFindings shows what no event shows: what collecting noticed.
func TestNotesAreFindings(t *testing.T) {
	s := open(t)
	save(t, s, tale(1, at, "doing", "review"))
	_, err := s.SaveStories(t.Context(), jiradata.Batch{Quarantined: []jiradata.Quarantined{{ID: 9, Key: "PAY-9", Reason: "no status"}, {ID: 8, Key: "OLD-1", Reason: "no status"}}})
	if err != nil {
		t.Fatal(err)
	}
	rules := rulesOf(t, "review")
	r, err := NewEngine(s, 20).Load(t.Context(), rules, "a", at+3*hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Audit[latency.AuditKey{Project: "PAY", Reason: jiradata.NoteQuarantined}]; n != 1 {
		t.Errorf("%d quarantined in PAY, want 1: %v", n, r.Audit)
	}
	findings, err := Audit(t.Context(), s, rules, at+3*hour)
	if err != nil || len(findings) != 2 || findings[0].Story != "OLD-1" || findings[1].Detail != "no status" {
		t.Errorf("findings %+v, %v; want both", findings, err)
	}
}

// TestBulk ends the waits of many stories in one minute.
func TestBulk(t *testing.T) {
	for _, stories := range []int64{20, 21} {
		s := open(t)
		var tales []jiradata.Story
		for id := range stories {
			tales = append(tales, tale(id+1, at, "doing", "review", "done"))
		}
		save(t, s, tales...)
		rules := rulesOf(t, "review")
		r, err := NewEngine(s, 20).Load(t.Context(), rules, "a", at+3*hour, nil)
		if err != nil {
			t.Fatal(err)
		}
		bulk := 0
		for _, f := range found(t, s, r, rules, at+3*hour) {
			var id int64
			var reason string
			if n, err := fmt.Sscanf(f, "%d %s", &id, &reason); n == 2 && err == nil && reason == latency.FindBulk {
				bulk++
			}
		}
		if want := map[int64]int{20: 0, 21: 21}[stories]; bulk != want {
			t.Errorf("of %d stories in a minute %d are found, want %d", stories, bulk, want)
		}
	}
}

// TestStatisticsForgetWhatIsOver looks at rolling windows as time goes on.
func TestStatisticsForgetWhatIsOver(t *testing.T) {
	s := open(t)
	save(t, s, tale(1, at, "doing", "review", "done"))
	rules := rulesOf(t, "review")
	e := NewEngine(s, 20)
	r, err := e.Load(t.Context(), rules, "a", at+3*hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	samples := func(r *latency.Report, window string) int {
		d := r.Statistics.Waits[latency.WaitsKey{Kind: latency.Acceptance, Project: "PAY", Owner: "po", Window: window}]
		if d == nil {
			return 0
		}
		return d.Ended
	}
	if samples(r, "7d") != 1 || samples(r, "90d") != 1 {
		t.Error("the wait is not in its windows")
	}
	for _, tc := range []struct {
		days         latency.Instant
		week, ninety int
	}{{8, 0, 1}, {91, 0, 0}} {
		if r, err = e.Refresh(t.Context(), nil, at+tc.days*24*hour); err != nil {
			t.Fatal(err)
		}
		if samples(r, "7d") != tc.week || samples(r, "90d") != tc.ninety {
			t.Errorf("%d days later: %d in 7 days, %d in 90", tc.days, samples(r, "7d"), samples(r, "90d"))
		}
	}
	if len(e.traces.packed) > 0 {
		t.Errorf("%d stories are remembered though no window sees them", len(e.traces.packed))
	}
}
