package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWaitingVerdicts(t *testing.T) {
	for share, want := range map[float64]string{0: "no", 0.049: "no", 0.05: "a little", 0.0999: "a little", 0.1: "in part", 0.2: "yes", 1: "yes"} {
		if got := WaitingVerdictOn(share).Words; got != want {
			t.Errorf("%v: %q, want %q", share, got, want)
		}
	}
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
