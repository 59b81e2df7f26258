package latency

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// goldenTales is how many histories the golden file holds.
const goldenTales = 250

// everything writes all that a derivation says, a line each.
func everything(rules *Rules, h *History, res *Result, asOf Instant) string {
	var b strings.Builder
	rel := func(i Instant) string { // relative to the story's creation, in seconds
		if i == Never {
			return "-"
		}
		return fmt.Sprintf("%.3f", float64(i-h.Events[0].At)/1000)
	}
	spans := func(list []Span) string {
		var out []string
		for _, s := range list {
			out = append(out, rel(s.From)+".."+rel(s.To))
		}
		return strings.Join(out, " ")
	}
	for _, w := range res.Parts {
		fmt.Fprintf(&b, "  %s %s in %s part %d cycle %d [%s, %s) from %s %s %s %s by %q to %q exit %q\n", w.Kind, w.Owner, w.ProjectID, w.Number, w.Cycle,
			rel(w.Start), rel(w.End), rel(w.Origin), w.Rule, w.Addressed, w.Outcome, w.Responder, fmt.Sprint(w.Final, w.PausedNow), w.ExitStatus)
		fmt.Fprintf(&b, "    elapsed %d working %d paused %d story %d %d target %d breached %t at %s asks %d replies %d first %s clock %s\n", MillisecondsOf(w.Elapsed), MillisecondsOf(w.Working),
			MillisecondsOf(w.Paused), MillisecondsOf(w.StoryElapsed), MillisecondsOf(w.StoryWorking), MillisecondsOf(w.Target), w.Breached, rel(w.BreachAt), w.Asks, w.OtherReplies, rel(w.FirstReply), spans(w.Clock))
		b.WriteString("   ")
		for _, st := range w.Steps {
			fmt.Fprintf(&b, " %s@%s/%d", st.Rule, rel(st.At), st.ID)
		}
		b.WriteString("\n")
	}
	for _, m := range res.Marks {
		fmt.Fprintf(&b, "  %s at %s final %s of %q in %s\n", m.Type, rel(m.At), rel(m.Final), m.Owner, m.ProjectID)
	}
	for _, s := range res.Stages {
		fmt.Fprintf(&b, "  %s of %s in %s %s\n", s.Stage, s.Owner, s.ProjectID, spans([]Span{s.Span}))
	}
	for _, f := range res.Findings {
		fmt.Fprintf(&b, "  odd %s at %s %s\n", f.Reason, rel(f.At), f.Detail)
	}
	for e := range rules.Entries(h.ID, res, asOf) {
		fmt.Fprintf(&b, "  counted %s %s of %s at %s by %s at %s\n", e.Type, e.ID.Kind, e.ID.Topic, rel(e.ID.At), e.Owner, rel(e.At))
	}
	tr := res.Trace(h.Events[0].At + 1_000_000)
	fmt.Fprintf(&b, "  trace %d runs, %d stages, verdict %s of %q, over %t, unsettled %t\n", len(tr.Samples), len(tr.Stages), rel(tr.Verdict.At), tr.Verdict.Owner, tr.Until() <= asOf, res.Unsettled)
	return b.String()
}

// TestGolden holds everything that is said of many random histories against
// what was said of them before: no rule changes unseen. YOURTURN_UPDATE=1 writes
// the file anew; whoever does reads what changed.
func TestGolden(t *testing.T) {
	const path = "testdata/derivations.txt"
	rules := busyRules(t)
	gen := rapid.Custom(func(rt *rapid.T) *History { return randomTale(t, rt) })
	d := NewDeriver(rules, nil)
	var b strings.Builder
	for seed := range goldenTales {
		h := gen.Example(seed)
		last := h.Events[len(h.Events)-1].At
		for i, asOf := range []Instant{last + 90_000_000, h.Events[len(h.Events)/2].At + 200_000} {
			res := d.Story(h, asOf)
			if text := everything(rules, h, res, asOf); text != "" {
				fmt.Fprintf(&b, "history %d, as of %d\n%s", seed, i, text)
			}
		}
	}
	if os.Getenv("YOURTURN_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Errorf("derivations changed (-before +now):\n%s", d[:min(len(d), 4000)])
	}
}
