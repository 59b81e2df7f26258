package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCorrections compares what a ledger holds with what a derivation says.
func TestCorrections(t *testing.T) {
	rules := testRules(t)
	h := &History{ID: 7, Key: "PAY-7"}
	at := when(t, "Mon 10:00")
	accepted := Entry{ID: EntryID{StoryID: 7, Kind: Acceptance, Topic: topicEnded, At: at}, Type: EntryEnded, Project: "PAY", Owner: "po", Outcome: Accepted, Responder: ByOwner, At: at}
	rejected := accepted
	rejected.Outcome = Rejected
	slip := Entry{ID: EntryID{StoryID: 7, Topic: "slip", At: at}, Type: EntrySlip, Project: "PAY", At: at}
	other := accepted
	other.ID.StoryID = 8
	for _, tc := range []struct {
		name    string
		derived []Entry
		ledger  []Counted
		want    []string
	}{
		{"the same", []Entry{accepted}, []Counted{{accepted, true}}, nil},
		{"new, and not in the ledger yet", []Entry{accepted}, nil, nil},
		{"gone", nil, []Counted{{accepted, true}}, []string{"counted accepted by owner for po in PAY at 2026-03-02T09:00:00Z, which is no longer so"}},
		{"gone, and never counted", nil, []Counted{{accepted, false}}, nil},
		{"of another outcome", []Entry{rejected}, []Counted{{accepted, true}}, []string{"counted accepted by owner for po in PAY at 2026-03-02T09:00:00Z, now rejected by owner for po in PAY at 2026-03-02T09:00:00Z"}},
		{"late", []Entry{slip}, []Counted{{slip, false}}, []string{"not counted: slip in PAY at 2026-03-02T09:00:00Z came up after its time"}},
		{"another story's, and then its own", nil, []Counted{{other, true}, {accepted, true}}, []string{"counted accepted by owner for po in PAY at 2026-03-02T09:00:00Z, which is no longer so"}},
		{"another story's", nil, []Counted{{other, true}}, nil},
	} {
		var got []string
		for _, f := range rules.Corrections(h, tc.derived, tc.ledger) {
			got = append(got, f.Detail)
			if f.Reason != FindCorrected || f.StoryID != 7 || f.Story != "PAY-7" || f.ProjectID != "1" || f.At != at {
				t.Errorf("%s: %+v", tc.name, f)
			}
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
}
