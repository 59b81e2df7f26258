package latency

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// randomTale draws a history of anything that can happen to a story, in any
// order, at instants that collide now and then.
func randomTale(t testing.TB, rt *rapid.T) *History {
	s := newTale(t, "Mon 08:00", rapid.SampledFrom([]string{"To Do", "In Progress", "PO Review", "Waiting for PO"}).Draw(rt, "created"))
	at := s.h.Events[0].At
	people := rapid.SampledFrom([]string{"dev", "dev2", "po", "deputy", "next", "robot", ""})
	status := rapid.SampledFrom([]string{"To Do", "In Progress", "PO Review", "Sign-off", "Done", "Third party", "Waiting for PO", "Dropped", "Ready for Release"})
	text := rapid.SampledFrom([]string{"[~po] ok?", "[~deputy] ok?", "Q: ok", "#answered", "#withdrawn", "hm", "which build?", "[~next] and you?"})
	var comments []int64
	for range rapid.IntRange(0, 25).Draw(rt, "events") {
		at += Instant(rapid.SampledFrom([]int64{0, 1, 3_000, 120_000, 299_000, 301_000, 3_600_000, 40_000_000, 400_000_000}).Draw(rt, "gap"))
		who := people.Draw(rt, "who")
		field := func(field, value string) Change {
			c := Change{Field: field, From: s.last[field], To: val(value)}
			s.last[field] = c.To
			return c
		}
		switch rapid.IntRange(0, 9).Draw(rt, "what") {
		case 0, 1, 2, 3:
			changes := []Change{field(FieldStatus, status.Draw(rt, "to"))}
			if rapid.IntRange(0, 5).Draw(rt, "with") == 0 {
				changes = append(changes, field(FieldResolution, rapid.SampledFrom([]string{"", "Fixed", "Duplicate"}).Draw(rt, "resolution")))
			}
			if rapid.IntRange(0, 20).Draw(rt, "migration") == 0 {
				changes = append(changes, Change{Field: FieldWorkflow})
			}
			s.add(Event{At: at, Rank: RankRecord, Actor: who, Changes: changes})
		case 4:
			f := rapid.SampledFrom([]string{"customfield_1", FieldAssignee, FieldLabels, FieldFlag, FieldProject, FieldType}).Draw(rt, "field")
			v := map[string][]string{
				"customfield_1": {"", "po", "next", "dev"}, FieldAssignee: {"", "po", "dev"}, FieldLabels: {"", "x po-question", "x"},
				FieldFlag: {"", "Impediment"}, FieldProject: {"1", "2", "3"}, FieldType: {"story", "epic"},
			}[f]
			s.add(Event{At: at, Rank: RankRecord, Actor: who, Changes: []Change{field(f, rapid.SampledFrom(v).Draw(rt, "value"))}})
		case 5, 6, 7:
			facts := commentFacts(text.Draw(rt, "text"))
			s.add(Event{At: at, Rank: RankCommentAdded, Actor: who, Comment: facts})
			comments = append(comments, s.id)
		case 8:
			if len(comments) > 0 {
				s.add(Event{At: at, Rank: RankCommentEdited, Actor: who, Comment: commentFacts(text.Draw(rt, "text")), ID: rapid.SampledFrom(comments).Draw(rt, "comment")})
			}
		case 9:
			switch {
			case len(comments) > 0 && rapid.Bool().Draw(rt, "deleted"):
				s.add(Event{At: at, Rank: RankCommentDeleted, Observed: true, ID: rapid.SampledFrom(comments).Draw(rt, "comment")})
			case rapid.IntRange(0, 4).Draw(rt, "gone") == 0:
				s.add(Event{At: at, Rank: RankGone, Observed: true, ID: -1})
				s.add(Event{At: at + 1000, Rank: RankReturned, Observed: true, ID: -1})
				at += 1000
			}
		}
	}
	return s.history()
}

func TestProperties(t *testing.T) {
	rules := testRules(t)
	rules.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{when(t, "Tue 00:00"), when(t, "Fri 00:00")}}}
	rules.Owners["po"].Absences = []Span{{when(t, "Wed 00:00"), when(t, "Thu 00:00")}, {when(t, "9 Mar 00:00"), when(t, "11 Mar 00:00")}}
	p := rules.Projects["1"]
	p.Assignment, p.PauseWhenFlagged, p.AnswerByEdit, p.LapseAfter, p.MinDwell = true, true, true, 30*time.Hour, 10*time.Second
	p.Terms = []Term{{"po", Span{Always.From, when(t, "12 Mar 00:00")}}, {"next", Span{when(t, "12 Mar 00:00"), Never}}}
	rapid.Check(t, func(rt *rapid.T) {
		h := randomTale(t, rt)
		last := h.Events[len(h.Events)-1].At
		asOf := h.Events[0].At + Instant(rapid.Int64Range(0, int64(last-h.Events[0].At)+200_000_000).Draw(rt, "asOf"))
		d := NewDeriver(rules, nil)
		waits := slices.Clone(d.Story(h, asOf).Waits)
		end := map[Kind]Instant{}
		for _, w := range waits {
			stop := min(w.End, asOf)
			switch {
			case w.Working > w.Elapsed || w.Elapsed > int64(stop-w.Start) || w.Working < 0 || w.PausedFor < 0:
				rt.Fatalf("clocks of %s: working %d, elapsed %d, paused %d in %d", line(w), w.Working, w.Elapsed, w.PausedFor, stop-w.Start)
			case w.Elapsed > w.StoryElapsed || w.Working > w.StoryWorking:
				rt.Fatalf("the owner's clock is ahead of the story's: %+v", w)
			case w.Start > stop || w.Start < end[w.Kind]:
				rt.Fatalf("%s overlaps another of its kind, or ends before it begins", line(w))
			case w.Final == w.Open() || w.Open() != (w.Outcome == ""):
				rt.Fatalf("final %t, open %t, outcome %q", w.Final, w.Open(), w.Outcome)
			case w.Breached != (w.Working > w.Target) || w.Breached && (w.BreachAt < w.Start || w.BreachAt > stop):
				rt.Fatalf("breached %t at %d: working %d of %d", w.Breached, w.BreachAt, w.Working, w.Target)
			}
			if w.Final {
				end[w.Kind] = w.End
			}
		}
		// The order of arrival, and what arrives twice, change nothing.
		other := *h
		other.Events = append(slices.Clone(h.Events), h.Events[:len(h.Events)/2]...)
		slices.Reverse(other.Events)
		if diff := cmp.Diff(waits, slices.Clone(d.Story(&other, asOf).Waits)); diff != "" {
			rt.Fatalf("another order gave other waits:\n%s", diff)
		}
		// What a deriver did before leaves nothing behind.
		if got := len(NewDeriver(rules, nil).Story(h, asOf).Waits); got != len(waits) {
			rt.Fatalf("a fresh deriver gave %d waits, not %d", got, len(waits))
		}
	})
}
