package measure

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/yourturn/yourturn/internal/latency"
)

// parents are issues by id, each with the parent that it has and one that it had.
type parents map[int64][2]int64

var errRead = errors.New("the disk is gone")

// ParentsOf yields those of some issues that there are; the issue 13 cannot be read.
func (p parents) ParentsOf(_ context.Context, ids []int64) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		for _, id := range ids {
			if id == 13 {
				yield(nil, errRead)
				return
			}
			if _, ok := p[id]; ok && !yield(p.history(id), nil) {
				return
			}
		}
	}
}

func (p parents) history(id int64) *latency.History {
	value := func(id int64) latency.Value { return latency.Value{ID: strconv.FormatInt(id, 10)} }
	h := &latency.History{ID: id, Now: latency.Snapshot{}, Events: []latency.Event{{At: 1}}}
	if now := p[id][0]; now != 0 {
		h.Now[latency.FieldParent] = []latency.Value{value(now)}
	}
	if was := p[id][1]; was != 0 {
		h.Events = append(h.Events, latency.Event{At: 2, Rank: latency.RankRecord, ID: 1, Changes: []latency.Change{{Field: latency.FieldParent, From: value(was), To: value(p[id][0])}}})
	}
	return h
}

// TestAncestorsOf reads the parents of one story: present and past ones, and theirs, once
// each, whatever loops there are.
func TestAncestorsOf(t *testing.T) {
	all := parents{1: {2, 3}, 2: {4, 0}, 3: {0, 0}, 4: {2, 5}, 5: {5, 99}, 6: {7, 0}, 7: {6, 0}, 8: {0, 0}, 12: {13, 0}}
	for id, want := range map[int64][]string{1: {"2", "3", "4", "5"}, 6: {"6", "7"}, 8: nil} {
		found, err := AncestorsOf(t.Context(), all, all.history(id))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for id := range found {
			got = append(got, id)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("of %d: %v, want %v", id, got, want)
		}
	}
	if _, err := AncestorsOf(t.Context(), all, all.history(12)); !errors.Is(err, errRead) {
		t.Errorf("got error %v, want %v", err, errRead)
	}
}

// TestFormerKeys holds which keys a story had.
func TestFormerKeys(t *testing.T) {
	key := func(from, to string) latency.Event {
		return latency.Event{Changes: []latency.Change{{Field: latency.FieldKey, From: latency.Value{Name: from}, To: latency.Value{Name: to}}}}
	}
	got := formerKeys(&latency.History{Key: "OPS-3", Events: []latency.Event{{}, key("PAY-1", "WEB-2"), key("WEB-2", "OPS-3"), key("OPS-3", "OPS-3"), key("", "X-1")}})
	if want := []string{"PAY-1", "WEB-2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestAKeyThatAStoryHasAgain moves a story to another project and back. What a report shows
// is not changed any more.
func TestAKeyThatAStoryHasAgain(t *testing.T) {
	e := &Engine{moved: map[string]int64{}, formerKeys: map[int64][]string{}}
	e.formerlyCalled(1, []string{"PAY-1"})
	shown := e.moved
	e.movedShown = true
	e.formerlyCalled(1, []string{"OPS-1"})
	if want := map[string]int64{"OPS-1": 1}; !maps.Equal(e.moved, want) || shown["PAY-1"] != 1 || len(shown) != 1 {
		t.Errorf("former keys %v, want %v; and what was shown became %v", e.moved, want, shown)
	}
	e.formerlyCalled(1, nil)
	if len(e.moved)+len(e.formerKeys) > 0 {
		t.Errorf("a story without former keys has %v", e.moved)
	}
}

// TestExamples holds that the latest stories with a finding are named, and no more of them.
func TestExamples(t *testing.T) {
	tl := newTally()
	rules := &latency.Rules{Projects: map[string]*latency.Project{"1": {ID: "1", Key: "PAY"}}}
	for id := range int64(20) {
		tl.set(id, []latency.Finding{{Reason: "bulk", ProjectID: "1"}, {Reason: "bulk", ProjectID: "1"}, {Reason: "gone", ProjectID: "2"}}, rules)
	}
	tl.set(18, nil, rules)
	got := tl.examples()[latency.AuditKey{Project: "PAY", Reason: "bulk"}]
	if want := []int64{19, 17, 16, 15, 14}; !slices.Equal(got, want) || len(tl.examples()) != 1 {
		t.Errorf("got %v, want %v", got, want)
	}
}
