package measure

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

// numbers are what a report says, without what refers to the moment of its making.
func numbers(t *testing.T, s *store.Store, rules *latency.Rules, asOf latency.Instant) (*latency.Totals, map[latency.Key]latency.OpenState, map[latency.AuditKey]int) {
	t.Helper()
	r, err := NewEngine(s, 20).Load(t.Context(), rules, "a", asOf, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Totals, r.Open, r.Audit
}

// TestBatchesChangeNothing saves the same stories whole, and in random pieces,
// in random order, some twice: the store gives the same numbers.
func TestBatchesChangeNothing(t *testing.T) {
	rules := rulesOf(t, "review")
	statuses := []string{"doing", "review", "done"}
	rapid.Check(t, func(rt *rapid.T) {
		var whole []jiradata.Story
		for id := range int64(rapid.IntRange(1, 5).Draw(rt, "stories")) {
			path := rapid.SliceOfN(rapid.SampledFrom(statuses), 2, 7).Draw(rt, "path")
			whole = append(whole, tale(id+1, at+latency.Instant(id)*hour, path...))
		}
		one, other := open(t), open(t)
		save(t, one, whole...)
		var pieces []jiradata.Story
		for _, st := range whole {
			events := rapid.Permutation(st.History.Events).Draw(rt, "order")
			for len(events) > 0 {
				n := rapid.IntRange(1, len(events)).Draw(rt, "piece")
				piece := st
				piece.History.Events = slices.Clone(events[:n])
				pieces = append(pieces, piece)
				if rapid.Bool().Draw(rt, "twice") {
					pieces = append(pieces, piece)
				}
				events = events[n:]
			}
		}
		pieces = rapid.Permutation(pieces).Draw(rt, "pieces")
		for len(pieces) > 0 {
			n := rapid.IntRange(1, len(pieces)).Draw(rt, "batch")
			save(t, other, pieces[:n]...)
			pieces = pieces[n:]
		}
		asOf := at + 20*hour
		t1, o1, a1 := numbers(t, one, rules, asOf)
		t2, o2, a2 := numbers(t, other, rules, asOf)
		if d := cmp.Diff(t1, t2) + cmp.Diff(o1, o2) + cmp.Diff(a1, a2); d != "" {
			rt.Fatalf("whole and in pieces differ:\n%s", d)
		}
	})
}
