package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAbsences has what an absence does to the clocks.
func TestAbsences(t *testing.T) {
	runCases(t, []ruleCase{
		{name: "absent and still counted", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}}
			r.Projects["1"].PauseWhenAbsent = false
		}, story: func(t *testing.T) *tale { return entered(t).move("Wed 10:00", "po", "Done") }, want: []string{"acceptance of po: accepted owner, elapsed 49h0m0s, working 17h0m0s"}},
		{name: "absent, and delegates who stand in for others, elsewhere, or are the owner", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}}
			r.Delegates = []Delegation{{Owner: "next", Delegate: "deputy", Span: Always}, {Owner: "po", Delegate: "po", Span: Always}, {Owner: "po", Delegate: "deputy", Span: Always, Projects: Set{"2": true}}, {Owner: "po", Delegate: "deputy", Span: Always, Kinds: []Kind{Question}}}
		}, story: func(t *testing.T) *tale { return entered(t).move("Wed 10:00", "po", "Done") }, want: []string{"acceptance of po: accepted owner, elapsed 25h0m0s, working 9h0m0s"}},
		{name: "absent, and a delegate stands in for the morning", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}}
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{when(t, "Tue 09:00"), when(t, "Tue 12:00")}}}
		}, story: func(t *testing.T) *tale { return entered(t).move("Wed 10:00", "po", "Done") }, want: []string{"acceptance of po: accepted owner, elapsed 28h0m0s, working 12h0m0s"}},
		{name: "two absences that touch", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}, {when(t, "Mon 12:00"), when(t, "Tue 00:00")}}
		}, story: func(t *testing.T) *tale { return entered(t).move("Wed 10:00", "po", "Done") }, want: []string{"acceptance of po: accepted owner, elapsed 13h0m0s, working 4h0m0s"}},
	})
}

// TestAbsencesInFull looks at all that is derived: what an absence does to the clocks.
func TestAbsencesInFull(t *testing.T) {
	runTraces(t, []traceCase{
		{name: "absent for a part of it", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Tue 09:00"), when(t, "Tue 11:00")}, {when(t, "Mon 15:00"), when(t, "Mon 16:00")}}
		}, story: func(t *testing.T) *tale {
			return entered(t).record("Mon 12:00", "dev", FieldLabels, "x").move("Tue 12:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Tue 12:00 accepted owner into Done; 24h, worked 8h, story's 27h, worked 11h",
			"  Mon 09:00 entered_acceptance, Tue 12:00 accepted",
			"finding in 1, Tue 12:00: exit_by_default Done",
		}},
		{name: "absent, and that does not pause", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Mon 09:00"), when(t, "Mon 11:00")}}
			r.Projects["1"].PauseWhenAbsent = false
		}, story: func(t *testing.T) *tale { return entered(t).move("Mon 12:00", "po", "Done") }, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 12:00 accepted owner into Done; 3h, worked 3h",
			"  Mon 09:00 entered_acceptance, Mon 12:00 accepted",
			"finding in 1, Mon 12:00: exit_by_default Done",
		}},
		{name: "absent with a deputy for a while", rules: func(r *Rules) {
			r.Owners["po"].Absences = []Span{{when(t, "Mon 09:00"), when(t, "Mon 13:00")}}
			r.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{when(t, "Mon 10:00"), when(t, "Mon 11:00")}, Kinds: []Kind{Acceptance}}, {Owner: "po", Delegate: "po", Span: Always}, {Owner: "next", Delegate: "deputy", Span: Always}}
		}, story: func(t *testing.T) *tale {
			return entered(t).says("Mon 09:30", "dev", "[~po] ok?").move("Mon 14:00", "po", "Done")
		}, want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 to Mon 14:00 accepted owner into Done; 2h, worked 2h, story's 5h, worked 5h",
			"  Mon 09:00 entered_acceptance, Mon 14:00 accepted",
			"question of po in 1, part 1: Mon 09:30 to Mon 14:00 answered owner; 1h, worked 1h, story's 4h30m, worked 4h30m",
			"  Mon 09:30 mention, Mon 14:00 answered",
			"finding in 1, Mon 14:00: exit_by_default Done",
		}},
		{name: "overdue while absent", rules: func(r *Rules) { r.Owners["po"].Absences = []Span{{when(t, "Tue 00:00"), when(t, "Wed 00:00")}} }, story: func(t *testing.T) *tale { return entered(t) }, asOf: "Wed 11:00", want: []string{
			"acceptance of po in 1, part 1, cycle 1: Mon 09:00 open; 26h, worked 10h, story's 50h, worked 18h, breached Wed 09:00",
			"  Mon 09:00 entered_acceptance",
			"unsettled",
		}},
	})
}

// TestStandingIn holds who may answer in an owner's stead, and until when.
func TestStandingIn(t *testing.T) {
	r := &Rules{Delegates: []Delegation{
		{Owner: "ada", Delegate: "grace", Span: Span{10, 20}},
		{Owner: "ada", Delegate: "grace", Span: Span{20, 30}},
		{Owner: "ada", Delegate: "alan", Span: Always, Kinds: []Kind{Question}, Projects: Set{"1": true}},
		{Owner: "ada", Delegate: "ada", Span: Always},
		{Owner: "grace", Delegate: "kay", Span: Always},
	}, Owners: map[string]*Owner{"ada": {Absences: []Span{{5, 8}, {8, 12}}}}}
	for _, tc := range []struct {
		at      Instant
		kind    Kind
		project string
		want    []Delegated
	}{
		{9, Acceptance, "1", nil},
		{10, Acceptance, "1", []Delegated{{"ada", "grace", 30}}},
		{29, Question, "1", []Delegated{{"ada", "alan", Never}, {"ada", "grace", 30}}},
		{30, Question, "2", nil},
	} {
		if diff := cmp.Diff(tc.want, r.StandingIn("ada", tc.project, tc.kind, tc.at)); diff != "" {
			t.Errorf("at %d for %s in %s (-want +got):\n%s", tc.at, tc.kind, tc.project, diff)
		}
	}
	for at, want := range map[Instant]Instant{4: 0, 5: 12, 11: 12, 12: 0} {
		until, away := r.AwayUntil("ada", at)
		if away != (want != 0) || until != want {
			t.Errorf("at %d: away until %d, %t", at, until, away)
		}
	}
	if _, away := r.AwayUntil("nobody", 6); away {
		t.Error("somebody who is no owner is away")
	}
}
