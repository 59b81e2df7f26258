package latency

import "testing"

func TestProjectID(t *testing.T) {
	rules := testRules(t)
	for key, want := range map[string]string{"PAY": "1", "WEB": "2", "OPS": ""} {
		if got := rules.ProjectID(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestTargetOfAKind(t *testing.T) {
	p := testRules(t).Projects["1"]
	if p.Target(Acceptance) != p.TargetAcceptance || p.Target(Question) != p.TargetQuestion {
		t.Errorf("targets %v and %v", p.Target(Acceptance), p.Target(Question))
	}
}

// TestDelegationsCover has what a delegation holds for.
func TestDelegationsCover(t *testing.T) {
	all := Delegation{Span: Span{100, 200}}
	some := Delegation{Span: Span{100, 200}, Projects: Set{"1": true}, Kinds: []Kind{Question}}
	for _, tc := range []struct {
		name    string
		d       Delegation
		project string
		kind    Kind
		at      Instant
		want    bool
	}{
		{"everything", all, "2", Acceptance, 100, true},
		{"before it", all, "2", Acceptance, 99, false},
		{"at its end", all, "2", Acceptance, 200, false},
		{"its project and kind", some, "1", Question, 150, true},
		{"another project", some, "2", Question, 150, false},
		{"another kind", some, "1", Acceptance, 150, false},
	} {
		if got := tc.d.covers(tc.project, tc.kind, tc.at); got != tc.want {
			t.Errorf("%s: %t, want %t", tc.name, got, tc.want)
		}
	}
}

func TestAutomation(t *testing.T) {
	rules := testRules(t)
	for name, tc := range map[string]struct {
		ev   Event
		want bool
	}{
		"an app": {Event{Actor: "x", ActorType: App}, true}, "an account of the config": {Event{Actor: "robot"}, true},
		"a person": {Event{Actor: "dev"}, false}, "a customer": {Event{Actor: "dev", ActorType: Customer}, false}, "nobody": {Event{}, false},
	} {
		if got := rules.isAutomation(&tc.ev); got != tc.want {
			t.Errorf("%s: %t, want %t", name, got, tc.want)
		}
	}
}
