package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTrace keeps what windows see that begin at an instant, and nothing that
// was over then.
func TestTrace(t *testing.T) {
	const since = Instant(1000)
	steps := []Step{{Rank: RankRecord, Actor: "po"}}
	wait := func(end Instant, outcome Outcome, steps []Step) Part {
		return Part{Wait: Wait{StoryID: 7, Story: "PAY-7", Kind: Acceptance, Steps: steps}, ProjectID: "1", Owner: "ada", Start: end - 10, End: end, Outcome: outcome, Final: end != Never}
	}
	span := func(from, to Instant) StageSpan {
		return StageSpan{Span: Span{from, to}, ProjectID: "1", Stage: StageTest}
	}
	res := &Result{
		Parts: []Part{
			wait(since, Rejected, steps), wait(since+1, Accepted, steps), wait(since+2, Rejected, nil), wait(since+3, HandedOver, steps),
			wait(since+4, Withdrawn, []Step{{Rank: RankCommentAdded, Actor: "dev"}}), wait(Never, "", steps),
		},
		Stages: []StageSpan{span(1, since), span(since, since+5), span(since+5, Never)},
	}
	got := res.Trace(since)
	var ends []Instant
	var by []string
	for _, r := range got.Samples {
		ends, by = append(ends, r.End), append(by, r.EndedBy)
	}
	if d := cmp.Diff([]Instant{since + 1, since + 2, since + 3, since + 4, Never}, ends); d != "" {
		t.Errorf("runs (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"po", "", "", "", ""}, by); d != "" {
		t.Errorf("ended by (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]StageSpan{span(since, since+5), span(since+5, Never)}, got.Stages); d != "" {
		t.Errorf("stages (-want +got):\n%s", d)
	}
	if got.Verdict.At != Never { // the first one was before
		t.Errorf("first verdict %+v", got.Verdict)
	}
	if v := res.Trace(since - 1).Verdict; v != (Verdict{since, "1", "ada", false}) {
		t.Errorf("first verdict %+v", v)
	}
	twins := &Result{Parts: []Part{wait(5, Accepted, nil), wait(5, Rejected, nil)}}
	if v := twins.Trace(0).Verdict; !v.Accepted {
		t.Errorf("of two verdicts at once the first counts: %+v", v)
	}
	past := &Result{Parts: res.Parts[:1], Stages: res.Stages[:1]}
	if tr := past.Trace(since); !tr.Empty() || tr.Stages != nil {
		t.Errorf("nothing is left: %+v", tr)
	}
	if tr := past.Trace(since - 1); tr.Empty() || tr.Until() != since {
		t.Errorf("until %d, want %d", tr.Until(), since)
	}
	if got.Until() != Never || got.Empty() {
		t.Errorf("until %d: the story goes on", got.Until())
	}
}
