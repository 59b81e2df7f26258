package latency

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPartsOfAWait has what parts of one wait share, and what is their own.
func TestPartsOfAWait(t *testing.T) {
	s := asked(t).says("Mon 10:00", "dev2", "hm").record("Mon 11:00", "dev2", ownerField, "next").says("Mon 12:00", "next", "euros")
	res := NewDeriver(testRules(t), nil).Story(s.history(), when(t, long))
	if len(res.Parts) != 2 {
		t.Fatalf("%d parts, want 2", len(res.Parts))
	}
	first, second := res.Parts[0], res.Parts[1]
	if d := cmp.Diff(first.Wait, second.Wait); d != "" {
		t.Errorf("the parts are of two waits:\n%s", d)
	}
	want := Wait{StoryID: 10007, Story: "PAY-7", Kind: Question, Rule: ByMention, Since: when(t, "Mon 09:00"), Addressed: "po", Asks: 1, OtherReplies: 1, FirstReply: when(t, "Mon 10:00"), Steps: first.Steps}
	if d := cmp.Diff(want, first.Wait); d != "" {
		t.Errorf("the wait (-want +got):\n%s", d)
	}
	if first.Number != 1 || first.Start != when(t, "Mon 09:00") || first.End != when(t, "Mon 11:00") || first.Outcome != HandedOver || !first.Final || first.Responder != "" {
		t.Errorf("the first part: %+v", first)
	}
	if second.Number != 2 || second.Start != when(t, "Mon 11:00") || second.End != when(t, "Mon 12:00") || second.Outcome != Answered || second.Responder != ByOwner {
		t.Errorf("the second part: %+v", second)
	}
	if second.Working != time.Hour || second.StoryWorking != 3*time.Hour || first.StoryWorking != 2*time.Hour {
		t.Errorf("clocks %v of %v, and %v", second.Working, second.StoryWorking, first.StoryWorking)
	}
}
