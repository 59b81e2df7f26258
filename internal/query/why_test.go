package query_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/suite"
)

// TestWhyIsWhatWaitsSay explains every story of an organisation, and holds each answer to
// the waits and to the explanation step by step of the commands.
func TestWhyIsWhatWaitsSay(t *testing.T) {
	r := open(t, synced(t))
	byStory := map[string][]query.Part{}
	for _, w := range waits(t, r, query.Filter{}, r.State.DataTimestamp) {
		titles, err := r.Titles(t.Context(), []int64{w.StoryID})
		if err != nil {
			t.Fatal(err)
		}
		byStory[w.Story] = append(byStory[w.Story], r.Part(&w, titles[w.StoryID]))
	}
	all, err := measure.Ancestors(t.Context(), r.Store)
	if err != nil {
		t.Fatal(err)
	}
	whole := latency.NewDeriver(r.Rules, all)
	stories, open, handed := 0, 0, 0
	for h, err := range r.Store.Histories(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if !suite.Full() && h.ID%2 != 0 { // one of two
			continue
		}
		stories++
		why, err := r.Why(t.Context(), strings.ToLower(h.Key), r.State.DataTimestamp, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := byStory[h.Key]
		if want == nil {
			want = []query.Part{}
		}
		if diff := cmp.Diff(want, why.Waits); diff != "" {
			t.Fatalf("%s (-waits +why):\n%s", h.Key, diff)
		}
		res := whole.Story(h, r.State.DataTimestamp) // with the parents of all stories
		if len(why.Findings) < len(res.Findings) {
			t.Errorf("%s: %d findings, want at least %d", h.Key, len(why.Findings), len(res.Findings))
		}
		step, err := r.Story(t.Context(), h.Key, r.State.DataTimestamp)
		if err != nil {
			t.Fatal(err)
		}
		if len(step.Occasions) != len(why.Events) {
			t.Errorf("%s: %d events, want %d", h.Key, len(why.Events), len(step.Occasions))
		}
		for i := range why.Events {
			for _, rule := range why.Events[i].Rules {
				if rule.Words == "" || rule.Anchor == "" {
					t.Errorf("%s: the rule %q of %q has no words", h.Key, rule.Rule, rule.Kind)
				}
			}
		}
		handed += len(why.Timeline.Changes)
		for i, w := range why.Open {
			open++
			if w.Owner.Label == "" || w.Because.Words == "" || w.Target <= 0 || w.Day <= 0 {
				t.Errorf("%s: open wait %d lacks something: %+v", h.Key, i, w)
			}
		}
		told(t, why)
	}
	if stories < 50 || open == 0 || handed == 0 {
		t.Errorf("%d stories, %d open waits, %d hand-overs: the organisation shows too little", stories, open, handed)
	}
}

// told holds that the timeline of a story has no gap, and that what its clocks show is what
// its bars leave over.
func told(t *testing.T, why *query.Why) {
	t.Helper()
	tl := &why.Timeline
	at := tl.From
	for i, s := range tl.Statuses {
		if s.From != at && i > 0 || s.To < s.From {
			t.Errorf("%s: status %d is from %v to %v, after %v", why.Story, i, s.From.Instant().Time(), s.To.Instant().Time(), at.Instant().Time())
		}
		at = s.To
	}
	if len(tl.Statuses) == 0 || at != tl.To {
		t.Errorf("%s: the statuses end at %v, want %v", why.Story, at.Instant().Time(), tl.To.Instant().Time())
	}
	for i, b := range tl.Bars {
		elapsed := b.To.Instant().Sub(b.From.Instant())
		for _, s := range slices.Concat(b.Paused, b.Away) {
			elapsed -= s.To.Instant().Sub(s.From.Instant())
		}
		if want := why.Waits[i].ElapsedSeconds; elapsed.Seconds() != want {
			t.Errorf("%s: bar %d leaves %v s, and its clock shows %v", why.Story, i, elapsed.Seconds(), want)
		}
	}
	if tl.Focus.From < tl.From || tl.Focus.To > tl.To || tl.Focus.To < tl.Focus.From {
		t.Errorf("%s: the focus is %v to %v", why.Story, tl.Focus.From.Instant().Time(), tl.Focus.To.Instant().Time())
	}
	if _, err := json.Marshal(why); err != nil {
		t.Error(err)
	}
}

// TestWhyOfNothing asks for stories that are not there.
func TestWhyOfNothing(t *testing.T) {
	r := open(t, synced(t))
	for _, key := range []string{"", "X", "PAY-99999", "NOPE-1", strings.Repeat("A", 10000) + "-1", "<b>-1", "' OR 1=1 --"} {
		_, err := r.Why(t.Context(), key, r.State.DataTimestamp, nil)
		if unknown := (query.UnknownError{}); !errors.As(err, &unknown) || unknown.Hint == "" {
			t.Errorf("%.20q: got error %v, want one with a hint", key, err)
		}
	}
}

// TestEveryRuleHasWords holds that each rule that the domain names is said in words.
func TestEveryRuleHasWords(t *testing.T) {
	for kind, rules := range map[latency.Kind][]latency.Rule{
		latency.Acceptance: {latency.EnteredAcceptance, latency.CreatedInAcceptance, latency.Paused, latency.Resumed, latency.OwnerAsks, latency.TeamSpoke, latency.Handed, "accepted", "rejected", "recalled", "withdrawn"},
		latency.Question:   {latency.ByMention, latency.ByMarker, latency.ByStatus, latency.ByLabel, latency.ByAssignment, latency.Joined, latency.TakenBack, latency.Replied, latency.Handed, "answered", "resolved", "withdrawn", "obsolete", "lapsed"},
		"":                 {"slip", "bypass", "reopened", "silent_rejection", "instant_acceptance", "asked_again"},
	} {
		for _, rule := range rules {
			if m := query.MeaningOf(kind, rule); m.Words == "" || m.Anchor == "" || m.Rule != string(rule) {
				t.Errorf("%s %s: %+v", kind, rule, m)
			}
		}
	}
}
