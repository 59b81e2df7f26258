package latency

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLate has what is counted after a change of the config, the rules, the
// reading or the watched projects.
func TestLate(t *testing.T) {
	state := LedgerState{AsOf: 1000, Fingerprint: "a", Reading: 2, Projects: map[string]bool{"PAY": true, "WEB": false}}
	same := Standing{AsOf: 2000, Fingerprint: "a", Reading: 2, Windows: map[string]time.Duration{"PAY": 100 * time.Millisecond}}
	other, reread := same, same
	other.Fingerprint, reread.Reading = "b", 3
	for _, tc := range []struct {
		name    string
		at      Instant
		project string
		by      Standing
		want    bool
	}{
		{"nothing has changed", 500, "PAY", same, false},
		{"by another config or other rules", 500, "PAY", other, true},
		{"final at the ledger's last instant", 900, "PAY", other, true},
		{"final after it, so that nobody could count it before", 901, "PAY", other, false},
		{"there, by a newer reading", 901, "PAY", reread, false},
		{"by a newer reading", 500, "PAY", reread, true},
		{"in a project that was not watched meanwhile", 500, "WEB", same, true},
		{"there, from now on", 1001, "WEB", same, false},
		{"in a project that is watched for the first time", 500, "NEW", same, false},
		{"there, by another config", 500, "NEW", other, false},
	} {
		if got := state.Late(&Entry{At: tc.at, Project: tc.project}, tc.by); got != tc.want {
			t.Errorf("%s: late %t, want %t", tc.name, got, tc.want)
		}
	}
	if silent := (Entry{Type: GuardSilentRejection, At: 1000 - 1, Project: "PAY"}); state.Late(&silent, other) {
		t.Error("a rejection that somebody might still explain is late")
	}
	state.Projects = nil // an old ledger
	if !state.Late(&Entry{At: 500, Project: "NEW"}, other) || state.Late(&Entry{At: 500, Project: "NEW"}, same) {
		t.Error("a ledger that did not note its projects asks for more than the config")
	}
}

func TestLedgerStateAdvanced(t *testing.T) {
	state := LedgerState{AsOf: 1000, Fingerprint: "a", Projects: map[string]bool{"PAY": true, "OLD": true}}
	got := state.Advanced(Standing{AsOf: 2000, Fingerprint: "b", Reading: 3, Projects: []string{"PAY", "NEW"}})
	want := LedgerState{AsOf: 2000, Fingerprint: "b", Reading: 3, Projects: map[string]bool{"PAY": true, "NEW": true, "OLD": false}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("state (-want +got):\n%s", d)
	}
	if !state.Projects["OLD"] {
		t.Error("the state before has changed")
	}
}
