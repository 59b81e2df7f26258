package latency

import "testing"

// TestAskedIn holds to which comment a question's link goes: to the oldest ask that
// still stands.
func TestAskedIn(t *testing.T) {
	step := func(at Instant, rank Rank, id int64, rule Rule) Step {
		return Step{At: at, Rank: rank, ID: id, Rule: rule}
	}
	added, edited := RankCommentAdded, RankCommentEdited
	for name, tc := range map[string]struct {
		wait Wait
		want int64
	}{
		"acceptance": {Wait{Kind: Acceptance, Rule: EnteredAcceptance, Since: 1, Steps: []Step{step(1, RankRecord, 5, EnteredAcceptance)}}, 0},
		"a mention":  {Wait{Kind: Question, Rule: ByMention, Since: 1, Steps: []Step{step(1, added, 5, ByMention), step(2, added, 6, Joined)}}, 5},
		"the first ask was taken back": {Wait{Kind: Question, Rule: ByMarker, Since: 2, Steps: []Step{
			step(1, added, 5, ByMention), step(2, added, 6, Joined), step(3, RankCommentDeleted, 5, TakenBack),
		}}, 6},
		"the first of two mentions was taken back": {Wait{Kind: Question, Rule: ByMention, Since: 2, Steps: []Step{
			step(1, added, 5, ByMention), step(2, added, 6, Joined), step(3, RankCommentDeleted, 5, TakenBack),
		}}, 6},
		"an edit asks": {Wait{Kind: Question, Rule: ByMention, Since: 4, Steps: []Step{step(4, edited, 5, ByMention)}}, 5},
		"a label asks": {Wait{Kind: Question, Rule: ByLabel, Since: 1, Steps: []Step{step(1, RankRecord, 5, ByLabel)}}, 0},
		"a label asks, then a comment": {Wait{Kind: Question, Rule: ByLabel, Since: 1, Steps: []Step{
			step(1, RankRecord, 5, ByLabel), step(2, added, 6, Joined),
		}}, 0},
	} {
		if got := tc.wait.AskedIn(); got != tc.want {
			t.Errorf("%s: comment %d, want %d", name, got, tc.want)
		}
	}
}
