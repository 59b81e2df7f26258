package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/query"
)

// TestTargetsSaySinceWhen holds how a target and its beginning are said.
func TestTargetsSaySinceWhen(t *testing.T) {
	now := monday.Time()
	for want, target := range map[string]query.TargetSince{
		"4 working hours.": {Target: query.Seconds(4 * time.Hour), Since: query.Time(1<<63 - 1)},
		"1 working day (8 h), in force since before Mon 2 Mar 2026.":   {Target: query.Seconds(8 * time.Hour), Since: query.Time(monday), Earlier: true},
		"1½ working days (12 h), in force since Mon 2 Mar, 12:00 UTC.": {Target: query.Seconds(12 * time.Hour), Since: query.Time(monday)},
	} {
		if got := withinTarget(&target, 8*time.Hour, now, time.UTC); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	both := query.RuleSet{Projects: []string{"PAY", "WEB"}, Targets: []query.TargetSince{
		{Project: "PAY", Kind: "acceptance", Target: query.Seconds(4 * time.Hour), Since: query.Time(monday)},
		{Project: "WEB", Kind: "acceptance", Target: query.Seconds(4 * time.Hour), Since: query.Time(monday), Earlier: true},
	}}
	want := []agreed{{"Target for acceptance", "target", []string{"PAY: 4 working hours, in force since Mon 2 Mar, 12:00 UTC.", "WEB: 4 working hours, in force since before Mon 2 Mar 2026."}}}
	if diff := cmp.Diff(want, targetLines(&both, now, time.UTC)); diff != "" {
		t.Error(diff)
	}
}

// TestRulesSideBySide compares sets of which each lacks a rule of another.
func TestRulesSideBySide(t *testing.T) {
	line := func(name, says string) agreed { return agreed{name, name, []string{says}} }
	got := compared([]ruleSet{{Lines: []agreed{line("a", "1"), line("c", "2")}}, {Lines: []agreed{line("b", "3"), line("c", "4")}}, {Lines: []agreed{line("d", "5")}}})
	want := []comparedRule{
		{"d", "d", [][]string{nil, nil, {"5"}}},
		{"b", "b", [][]string{nil, {"3"}, nil}},
		{"a", "a", [][]string{{"1"}, nil, nil}},
		{"c", "c", [][]string{{"2"}, {"4"}, nil}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := compared([]ruleSet{{}}); got != nil {
		t.Errorf("one set alone: %v", got)
	}
}
