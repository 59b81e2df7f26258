package measure

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/latency"
)

// TestTimeAloneForgets follows a wait that becomes forgotten though nothing
// happens, is remembered by an event, and is forgotten anew.
func TestTimeAloneForgets(t *testing.T) {
	s := open(t)
	save(t, s, tale(1, at, "doing", "review")) // on 25 February
	e := NewEngine(s, 20)
	midnight := func(month time.Month, day int) latency.Instant {
		return latency.At(time.Date(2026, month, day, 0, 0, 0, 0, time.UTC))
	}
	remembered := tale(1, at, "doing", "review")
	remembered.History.Events = append(remembered.History.Events, latency.Event{At: midnight(time.March, 13), Rank: latency.RankRecord, ID: 2, Actor: "dev"})
	step := func(what string, r *latency.Report, err error, forgotten int) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		type seen struct{ Open, Forgotten, Listed, ListedForgotten int }
		state := r.Open[latency.Key{Kind: latency.Acceptance, Project: "PAY", Owner: "po"}]
		want := seen{1, forgotten, 1 - forgotten, forgotten}
		if d := cmp.Diff(want, seen{state.Open, state.Forgotten, len(r.OpenWaits), len(r.Forgotten)}); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	ctx := t.Context()
	r, err := e.Load(ctx, rulesOf(t, "review"), "a", midnight(time.March, 12), nil)
	step("loaded", r, err, 0)
	r, err = e.Refresh(ctx, nil, midnight(time.March, 13)-1)
	step("just before", r, err, 0)
	r, err = e.Refresh(ctx, nil, midnight(time.March, 13))
	step("by time alone", r, err, 1)
	r, err = e.Refresh(ctx, save(t, s, remembered), midnight(time.March, 13))
	step("remembered", r, err, 0)
	r, err = e.Advance(ctx, nil, midnight(time.March, 28))
	step("forgotten anew", r, err, 1)
}
