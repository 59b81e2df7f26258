package latency

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/calendar"
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

// busyRules are rules under which everything happens: absences, delegations
// with dates, terms of owners, pauses of every kind.
func busyRules(t testing.TB) *Rules {
	rules := testRules(t)
	rules.Delegates = []Delegation{{Owner: "po", Delegate: "deputy", Span: Span{when(t, "Tue 00:00"), when(t, "Fri 00:00")}}}
	rules.Owners["po"].Absences = []Span{{when(t, "Wed 00:00"), when(t, "Thu 00:00")}, {when(t, "9 Mar 00:00"), when(t, "11 Mar 00:00")}}
	for _, p := range rules.Projects {
		p.Assignment, p.PauseWhenFlagged, p.AnswerByEdit, p.LapseAfter, p.MinDwell = true, true, true, 30*time.Hour, 10*time.Second
		p.Terms = []Term{{"po", Span{Always.From, when(t, "12 Mar 00:00")}}, {"next", Span{when(t, "12 Mar 00:00"), Never}}}
	}
	return rules
}

// randomInstant draws an instant in or somewhat after a history.
func randomInstant(rt *rapid.T, h *History) Instant {
	last := h.Events[len(h.Events)-1].At
	return h.Events[0].At + Instant(rapid.Int64Range(0, int64(last-h.Events[0].At)+200_000_000).Draw(rt, "asOf"))
}

// outcome is what a derivation says, copied.
type outcome struct {
	Parts  []Part
	Marks  []Mark
	Stages []StageSpan
}

func derive(rules *Rules, h *History, asOf Instant) outcome {
	res := NewDeriver(rules, nil).Story(h, asOf)
	return outcome{slices.Clone(res.Parts), slices.Clone(res.Marks), slices.Clone(res.Stages)}
}

// upTo is what a collector knew at t: the events until then, and the fields as they were.
func upTo(h *History, t Instant) *History {
	out := &History{ID: h.ID, Key: h.Key, Now: maps.Clone(h.Now)}
	for i := len(h.Events) - 1; i >= 0; i-- {
		if ev := h.Events[i]; ev.At > t {
			for j := len(ev.Changes) - 1; j >= 0; j-- {
				c := ev.Changes[j]
				if out.Now[c.Field] = []Value{c.From}; c.From == (Value{}) {
					delete(out.Now, c.Field)
				}
			}
		}
	}
	for _, ev := range h.Events {
		if ev.At <= t {
			out.Events = append(out.Events, ev)
		}
	}
	return out
}

// TestThePastIsWhatWasKnownThen looks back from the whole history, and asks a
// collector of that time.
func TestThePastIsWhatWasKnownThen(t *testing.T) {
	rules := busyRules(t)
	rapid.Check(t, func(rt *rapid.T) {
		h := randomTale(t, rt)
		at := randomInstant(rt, h)
		if diff := cmp.Diff(derive(rules, upTo(h, at), at), derive(rules, h, at), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("as of %d (-known then +seen from later):\n%s", at, diff)
		}
	})
}

// TestAWeekLater shifts everything by a week of a calendar without summer time.
func TestAWeekLater(t *testing.T) {
	const week = Instant(7 * 24 * 3600_000)
	utc := func(rules *Rules) *Rules {
		for _, p := range rules.Projects {
			var w calendar.Week
			for d := range 5 {
				w[d+1] = []calendar.Interval{{From: 9 * 60, To: 17 * 60}}
			}
			cal, err := calendar.New(calendar.Spec{Zone: time.UTC, Week: w})
			if err != nil {
				t.Fatal(err)
			}
			p.Calendar = cal
		}
		return rules
	}
	later := func(i Instant) Instant {
		if i == Never || i == Always.From {
			return i
		}
		return i + week
	}
	span := func(s Span) Span { return Span{later(s.From), later(s.To)} }
	spans := func(list []Span) (out []Span) { // two clocks may share a slice
		for _, s := range list {
			out = append(out, span(s))
		}
		return out
	}
	now, then := utc(busyRules(t)), utc(busyRules(t))
	for i := range then.Delegates {
		then.Delegates[i].Span = span(then.Delegates[i].Span)
	}
	for i, s := range then.Owners["po"].Absences {
		then.Owners["po"].Absences[i] = span(s)
	}
	for _, p := range then.Projects {
		for i := range p.Terms {
			p.Terms[i].Span = span(p.Terms[i].Span)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		h := randomTale(t, rt)
		at := randomInstant(rt, h)
		want := derive(now, h, at)
		for i := range want.Parts {
			w := &want.Parts[i]
			for _, i := range []*Instant{&w.Since, &w.Start, &w.Origin, &w.End, &w.BreachAt, &w.FirstReply} {
				*i = later(*i)
			}
			for j := range w.Steps {
				w.Steps[j].At = later(w.Steps[j].At)
			}
			w.Clock, w.Running = spans(w.Clock), spans(w.Running)
		}
		seen := map[*Step]bool{} // parts of one wait share their steps
		for i := range want.Parts {
			if st := want.Parts[i].Steps; len(st) > 0 && seen[&st[0]] {
				for j := range st {
					st[j].At -= week
				}
			} else if len(st) > 0 {
				seen[&st[0]] = true
			}
		}
		for i := range want.Marks {
			want.Marks[i].At, want.Marks[i].Final = later(want.Marks[i].At), later(want.Marks[i].Final)
		}
		for i := range want.Stages {
			want.Stages[i].Span = span(want.Stages[i].Span)
		}
		for i := range h.Events {
			h.Events[i].At = later(h.Events[i].At)
		}
		if diff := cmp.Diff(want, derive(then, h, later(at)), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("a week later (-want +got):\n%s", diff)
		}
	})
}

// TestOtherNames gives everybody another name: the numbers stay.
func TestOtherNames(t *testing.T) {
	name := func(s string) string {
		switch s {
		case "po", "deputy", "next", "dev", "dev2", "robot", "admin":
			return "the-" + s
		}
		return s
	}
	rules, renamed := busyRules(t), busyRules(t)
	renamed.Automation = Set{"the-robot": true}
	renamed.Owners = map[string]*Owner{"the-po": renamed.Owners["po"]}
	for i := range renamed.Delegates {
		d := &renamed.Delegates[i]
		d.Owner, d.Delegate = name(d.Owner), name(d.Delegate)
	}
	for _, p := range renamed.Projects {
		for i := range p.Terms {
			p.Terms[i].Person = name(p.Terms[i].Person)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		h := randomTale(t, rt)
		at := randomInstant(rt, h)
		want := derive(rules, h, at)
		for i := range want.Parts {
			w := &want.Parts[i]
			w.Owner, w.Addressed = name(w.Owner), name(w.Addressed)
			for j := range w.Steps {
				w.Steps[j].Actor = name(w.Steps[j].Actor)
			}
		}
		for i := range want.Marks {
			want.Marks[i].Owner = name(want.Marks[i].Owner)
		}
		for i := range want.Stages {
			want.Stages[i].Owner = name(want.Stages[i].Owner)
		}
		for i := range h.Events {
			ev := &h.Events[i]
			ev.Actor = name(ev.Actor)
			for j := range ev.Changes {
				if c := &ev.Changes[j]; c.Field == FieldAssignee || isUserField(c.Field) {
					c.From.ID, c.To.ID = name(c.From.ID), name(c.To.ID)
				}
			}
			if ev.Comment != nil {
				facts := *ev.Comment
				facts.Asked, facts.Mentioned = slices.Clone(facts.Asked), slices.Clone(facts.Mentioned)
				for _, list := range [2][]string{facts.Asked, facts.Mentioned} {
					for j := range list {
						list[j] = name(list[j])
					}
				}
				ev.Comment = &facts
			}
		}
		for field, values := range h.Now {
			if field == FieldAssignee || isUserField(field) {
				h.Now[field] = []Value{{ID: name(values[0].ID)}}
			}
		}
		if diff := cmp.Diff(want, derive(renamed, h, at), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("with other names (-want +got):\n%s", diff)
		}
	})
}

// TestPartsAddUp holds the story's clock against the sum of its owners', where
// no absence stops one and not the other.
func TestPartsAddUp(t *testing.T) {
	rules := busyRules(t)
	for _, p := range rules.Projects {
		p.PauseWhenAbsent = false
	}
	rapid.Check(t, func(rt *rapid.T) {
		h := randomTale(t, rt)
		elapsed, working := map[Kind]time.Duration{}, map[Kind]time.Duration{} // waits of both kinds run side by side
		for _, w := range derive(rules, h, randomInstant(rt, h)).Parts {
			if w.Number == 1 {
				elapsed[w.Kind], working[w.Kind] = 0, 0
			}
			elapsed[w.Kind] += w.Elapsed
			working[w.Kind] += w.Working
			if w.StoryElapsed != elapsed[w.Kind] || w.StoryWorking != working[w.Kind] {
				rt.Fatalf("part %d: the story's clock shows %v and %v, its owners' together %v and %v", w.Number, w.StoryElapsed, w.StoryWorking, elapsed[w.Kind], working[w.Kind])
			}
		}
	})
}

// invariants derives a history and tells what can never be and is.
func invariants(d *Deriver, rules *Rules, h *History, asOf Instant) error {
	res := d.Story(h, asOf)
	end := map[Kind]Instant{Acceptance: math.MinInt64, Question: math.MinInt64}
	for _, w := range res.Parts {
		stop := min(w.End, asOf)
		switch {
		case w.Working > w.Elapsed || w.Elapsed > stop.Sub(w.Start) || w.Working < 0 || w.Paused < 0:
			return fmt.Errorf("clocks of %s: working %v, elapsed %v, paused %v in %v", line(w), w.Working, w.Elapsed, w.Paused, stop.Sub(w.Start))
		case w.Elapsed > w.StoryElapsed || w.Working > w.StoryWorking:
			return fmt.Errorf("the owner's clock is ahead of the story's: %+v", w)
		case w.Start > stop || w.Start < end[w.Kind]:
			return fmt.Errorf("%s overlaps another of its kind, or ends before it begins", line(w))
		case w.Final == w.Open() || w.Open() != (w.Outcome == ""):
			return fmt.Errorf("final %t, open %t, outcome %q", w.Final, w.Open(), w.Outcome)
		case w.Breached != (w.Working > w.Target) || w.Breached && (w.BreachAt < w.Start || w.BreachAt > stop):
			return fmt.Errorf("breached %t at %d: working %v of %v", w.Breached, w.BreachAt, w.Working, w.Target)
		case w.Owner == "" || w.ProjectID == "" || w.Origin > w.Start && w.Number > 1:
			return fmt.Errorf("nobody's wait: %+v", w)
		case w.Open() && !res.Unsettled:
			return fmt.Errorf("%s is open and would not be derived again", line(w))
		}
		if elapsed, working := rules.ClockAt(&w, stop); elapsed != w.Elapsed || working != w.Working {
			return fmt.Errorf("%s: its spans say %v and %v", line(w), elapsed, working)
		}
		if w.Final {
			end[w.Kind] = w.End
		}
	}
	last := Instant(math.MinInt64)
	for _, s := range res.Stages {
		if s.From < last || s.From >= s.To || s.ProjectID == "" || s.Owner == "" || s.Stage == "" {
			return fmt.Errorf("stage %+v after %d", s, last)
		}
		last = s.To
	}
	counted := map[EntryID]bool{}
	for e := range rules.Entries(h.ID, res, asOf) {
		if counted[e.ID] || e.Project == "" || e.At > asOf {
			return fmt.Errorf("entry %+v: twice, nobody's or not yet", e)
		}
		counted[e.ID] = true
	}
	for _, m := range res.Marks {
		if m.Final > asOf && !res.Unsettled {
			return fmt.Errorf("%+v is not final and would not be derived again", m)
		}
	}
	return nil
}

func TestProperties(t *testing.T) {
	rules := busyRules(t)
	rapid.Check(t, func(rt *rapid.T) {
		h := randomTale(t, rt)
		asOf := randomInstant(rt, h)
		d := NewDeriver(rules, nil)
		if err := invariants(d, rules, h, asOf); err != nil {
			rt.Fatal(err)
		}
		waits := slices.Clone(d.Story(h, asOf).Parts)
		// The order of arrival, and what arrives twice, change nothing.
		other := *h
		other.Events = append(slices.Clone(h.Events), h.Events[:len(h.Events)/2]...)
		slices.Reverse(other.Events)
		if diff := cmp.Diff(waits, slices.Clone(d.Story(&other, asOf).Parts)); diff != "" {
			rt.Fatalf("another order gave other waits:\n%s", diff)
		}
		// What a deriver did before leaves nothing behind.
		if diff := cmp.Diff(waits, NewDeriver(rules, nil).Story(h, asOf).Parts, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("a fresh deriver gave other waits:\n%s", diff)
		}
	})
}
