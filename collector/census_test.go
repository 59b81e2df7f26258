package collector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// settled returns a world with n stories of PAY that a full sync has read.
func settled(w *world, n int) []int64 {
	w.Helper()
	var ids []int64
	for range n {
		ids = append(ids, w.create(w.pay))
	}
	w.later(time.Hour)
	w.sync()
	return ids
}

// census runs the cycle in which the next census is due.
func (w *world) census() collector.CensusResult {
	w.Helper()
	w.later(6 * time.Hour)
	r := w.sync()
	if r.Checks.Err != nil {
		w.Fatal(r.Checks.Err)
	}
	if r.Census == nil {
		w.Fatal("no census was due")
	}
	return *r.Census
}

// notes returns the notes as reason and story.
func (w *world) notes() []string {
	w.Helper()
	list, err := w.store.Notes(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, n := range list {
		out = append(out, fmt.Sprintf("%s %d", n.Reason, n.Story))
	}
	return out
}

// ranks returns the ranks of a story's events.
func (w *world) ranks(id int64) []latency.Rank {
	w.Helper()
	var out []latency.Rank
	for _, ev := range w.history(id).Events {
		out = append(out, ev.Rank)
	}
	return out
}

// gives fails unless a census found what is wanted, whatever it counted.
func (w *world) gives(got, want collector.CensusResult) {
	w.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(collector.CensusResult{}, "Shown", "Stored")); diff != "" {
		w.Errorf("census (-want +got):\n%s", diff)
	}
}

func TestCensusTellsDeletedFromMoved(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 60)
		deleted, moved := ids[30], ids[31]
		w.site.DeleteIssue(deleted)
		w.site.Move(w.now(), w.dev, moved, w.ops, nil)
		w.gives(w.census(), collector.CensusResult{Gone: 1, Moved: 1})
		events := w.history(deleted).Events
		if last := events[len(events)-1]; last.Rank != latency.RankGone || !last.Observed || last.At != latency.At(w.now()) {
			w.Errorf("the deleted story ends with %+v, want it gone, observed by this poll", last)
		}
		if got := w.history(moved).Now[latency.FieldProject]; got[0].ID != "101" {
			w.Errorf("the moved story is in %v, want project 101", got)
		}
		if diff := cmp.Diff([]latency.Rank{latency.RankCreated, latency.RankRecord}, w.ranks(moved)); diff != "" {
			w.Errorf("events of the moved story (-want +got):\n%s", diff)
		}
		w.gives(w.census(), collector.CensusResult{})

		w.site.Move(w.now(), w.dev, moved, w.pay, nil)
		w.later(time.Minute)
		w.sync()
		w.gives(w.census(), collector.CensusResult{})
		w.site.DeleteIssue(moved)
		w.gives(w.census(), collector.CensusResult{Gone: 1})
	})
}

// TestStoryWithAnOpenQuestionMoves has a story read by id in the cycle whose
// census misses it: that it was read does not hide that it has moved.
func TestStoryWithAnOpenQuestionMoves(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 60)
		w.restart(func(o *collector.Options) {
			o.OpenQuestions = func(context.Context) ([]int64, error) { return []int64{ids[31]}, nil }
		})
		w.site.Move(w.now(), w.dev, ids[31], w.ops, nil)
		w.gives(w.census(), collector.CensusResult{Moved: 1})
		w.gives(w.census(), collector.CensusResult{})
	})
}

func TestHiddenStoryGoesAndReturns(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 60)
		w.site.Hide(ids[30], true)
		w.gives(w.census(), collector.CensusResult{Gone: 1})
		w.site.Hide(ids[30], false)
		w.gives(w.census(), collector.CensusResult{Returned: 1})
		if diff := cmp.Diff([]latency.Rank{latency.RankCreated, latency.RankGone, latency.RankReturned}, w.ranks(ids[30])); diff != "" {
			w.Errorf("events (-want +got):\n%s", diff)
		}
		w.gives(w.census(), collector.CensusResult{})
	})
}

func TestCensusThatWouldRemoveTooManyRemovesNone(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 60)
		for _, id := range ids[10:14] { // 4 of 60 are more than 0.05
			w.site.Hide(id, true)
		}
		w.gives(w.census(), collector.CensusResult{Stopped: true})
		if diff := cmp.Diff([]string{"census_guard 0"}, w.notes()); diff != "" {
			w.Errorf("notes (-want +got):\n%s", diff)
		}
		if got := len(w.live()); got != 60 {
			w.Errorf("got %d stories there, want all 60", got)
		}
		w.site.Hide(ids[10], false)
		w.gives(w.census(), collector.CensusResult{Gone: 3})
		if got := w.notes(); got != nil {
			w.Errorf("got notes %v after a census in order, want none", got)
		}
	})
}

// TestSearchThatDoesNotShowAStoryProvesNothing: an index that forgot a story
// is no deletion.
func TestSearchThatDoesNotShowAStoryProvesNothing(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 60)
		w.blind = map[int64]bool{ids[20]: true}
		w.gives(w.census(), collector.CensusResult{})
		if got := len(w.live()); got != 60 {
			w.Errorf("got %d stories there, want all 60", got)
		}
	})
}

// TestCensusFindsWhatSearchesMissed: a story that the index shows only when it
// is outside every overlap.
func TestCensusFindsWhatSearchesMissed(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 3)
		late := w.create(w.pay)
		w.blind = map[int64]bool{late: true}
		for range 3 {
			w.later(10 * time.Minute)
			w.sync()
		}
		w.blind = nil
		w.gives(w.census(), collector.CensusResult{Late: 1})
		if diff := cmp.Diff(append(ids, late), w.live()); diff != "" {
			w.Errorf("stories (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{fmt.Sprintf("late %d", late)}, w.notes()); diff != "" {
			w.Errorf("notes (-want +got):\n%s", diff)
		}
		w.gives(w.census(), collector.CensusResult{})
		if got := w.notes(); got != nil {
			w.Errorf("got notes %v after the next census, want none", got)
		}
	})
}

func TestCanary(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 30)
		w.later(time.Minute)
		w.sync()
		if got := w.state().Canary; got != ids[0] {
			w.Fatalf("got canary %d, want the oldest story %d", got, ids[0])
		}
		before := w.state()

		w.blind = map[int64]bool{ids[0]: true}
		w.later(time.Minute)
		if _, err := w.collector.Sync(w.Context()); !errors.Is(err, jiradata.ErrIncomplete) {
			w.Errorf("search that does not show the canary: got error %v, want %v", err, jiradata.ErrIncomplete)
		}
		w.blind = nil
		for _, id := range ids {
			w.site.Hide(id, true)
		}
		if _, err := w.collector.Sync(w.Context()); !errors.Is(err, collector.ErrBlind) {
			w.Errorf("search of nothing: got error %v, want %v", err, collector.ErrBlind)
		}
		if diff := cmp.Diff(before, w.state()); diff != "" {
			w.Errorf("the state moved (-before +after):\n%s", diff)
		}
		for _, id := range ids[1:] {
			w.site.Hide(id, false)
		}
		w.sync() // the canary alone is gone: another takes its place
		if got := w.state().Canary; got != ids[1] {
			w.Errorf("got canary %d, want %d", got, ids[1])
		}
	})
}

func TestOpenQuestionsAreLookedAtAgain(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 3)
		question := w.site.Comment(w.now(), w.dev, ids[1], "which currency?")
		w.later(time.Minute)
		w.restart(func(o *collector.Options) {
			o.OpenQuestions = func(context.Context) ([]int64, error) { return []int64{ids[1]}, nil }
		})
		w.sync()
		w.later(time.Hour)
		w.sync()
		w.site.EditComment(w.now(), ids[1], question, "never mind", false)
		w.later(30 * time.Minute)
		if r := w.sync(); r.Changed != nil {
			w.Errorf("got %v changed before open questions are read again", r.Changed)
		}
		w.later(time.Hour)
		if r := w.sync(); !cmp.Equal(r.Changed, []int64{ids[1]}) {
			w.Errorf("got %v changed, want %d", r.Changed, ids[1])
		}
		want := []latency.Rank{latency.RankCreated, latency.RankCommentAdded, latency.RankCommentEdited}
		if diff := cmp.Diff(want, w.ranks(ids[1])); diff != "" {
			w.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestReread(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 120)
		w.blind = map[int64]bool{}
		for _, id := range ids {
			w.blind[id] = true // the index knows nothing yet
		}
		w.move(ids[7])
		w.later(time.Minute)
		var changed []int64
		n := w.requests(func() {
			var err error
			if changed, err = w.collector.Reread(w.Context(), ids); err != nil {
				w.Fatal(err)
			}
		})
		if !cmp.Equal(changed, []int64{ids[7]}) {
			w.Errorf("got %v changed, want %d", changed, ids[7])
		}
		if w.site.Flavor == jirasim.Cloud && n > 5 { // myself, and two requests for a hundred
			w.Errorf("to read 120 stories by id took %d requests, want at most 5", n)
		}
	})
}

func TestCommentsThatJiraDoesNotGiveAreNoted(t *testing.T) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			w := newWorldWith(t, flavor, jirasim.Options{CountRestricted: true})
			ids := settled(w, 2)
			internal := w.site.Comment(w.now(), w.dev, ids[0], "for the admins")
			w.site.Restrict(ids[0], internal, true)
			w.later(time.Minute)
			w.sync()
			want := []string{fmt.Sprintf("comments_short %d", ids[0])}
			if diff := cmp.Diff(want, w.notes()); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			w.restart()
			w.census()
			if diff := cmp.Diff(want, w.notes()); diff != "" {
				t.Errorf("notes after a census (-want +got):\n%s", diff)
			}
			w.site.Restrict(ids[0], internal, false)
			w.site.Comment(w.now(), w.dev, ids[0], "now you see it")
			w.later(time.Minute)
			w.sync()
			if got := w.notes(); got != nil {
				t.Errorf("got notes %s, want none", strings.Join(got, ", "))
			}
		})
	}
}

// TestOneStoryOfFewMayGo: a share of a small store is less than one story.
func TestOneStoryOfFewMayGo(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 15)
		w.site.DeleteIssue(ids[7])
		w.gives(w.census(), collector.CensusResult{Gone: 1})
		w.site.DeleteIssue(ids[8])
		w.site.DeleteIssue(ids[9])
		w.gives(w.census(), collector.CensusResult{Stopped: true})
	})
}

// under makes a story the child of an issue of a project that is not watched.
func (w *world) under(story int64) (parent int64) {
	parent = w.create(w.ops)
	id, key := fmt.Sprint(parent), "OPS-1"
	w.site.Change(w.now(), w.dev, story, map[string]any{"parent": map[string]any{"id": id, "key": key}},
		jirasim.Item{Field: "IssueParentAssociation", FieldType: "jira", To: &id, ToString: &key})
	return parent
}

// hasParent fails unless the store has an issue as a parent.
func (w *world) hasParent(id int64) {
	w.Helper()
	if _, ok := w.parents()[id]; !ok {
		w.Errorf("the parent %d was not read", id)
	}
}

// TestParentsOfStoriesNoSearchShowed: whatever brings a story, its parent, who
// may own it, is read too.
func TestParentsOfStoriesNoSearchShowed(t *testing.T) {
	each(t, func(w *world) {
		settled(w, 3)
		late := w.create(w.pay)
		parent := w.under(late)
		w.blind = map[int64]bool{late: true}
		for range 3 {
			w.later(10 * time.Minute)
			w.sync()
		}
		w.blind = nil
		w.gives(w.census(), collector.CensusResult{Late: 1})
		w.hasParent(parent)

		named := w.create(w.pay)
		parent = w.under(named)
		w.blind = map[int64]bool{named: true}
		w.later(time.Second)
		w.named(named)
		w.hasParent(parent)
	})
}

// TestParentThatComesInSight: a parent that could not be seen is asked for
// again when metadata are.
func TestParentThatComesInSight(t *testing.T) {
	each(t, func(w *world) {
		story := w.create(w.pay)
		parent := w.under(story)
		w.site.Hide(parent, true)
		w.later(time.Hour)
		w.sync()
		w.site.Hide(parent, false)
		w.later(time.Minute)
		w.restart() // which reads metadata
		w.sync()
		w.hasParent(parent)
	})
}

// TestQuarantineEnds: an issue that could not be read is read again by each
// census, and is left alone when it is not there.
func TestQuarantineEnds(t *testing.T) {
	each(t, func(w *world) {
		settled(w, 60)
		spoilt, mended := w.create(w.pay), w.create(w.pay)
		for _, id := range []int64{spoilt, mended} {
			w.site.Change(w.now(), w.dev, id, map[string]any{"status": "Open"})
		}
		w.later(time.Minute)
		w.sync()
		if got := w.notes(); len(got) != 2 {
			w.Fatalf("got notes %v, want two in quarantine", got)
		}
		w.site.DeleteIssue(spoilt)
		w.site.Change(w.now(), w.dev, mended, map[string]any{"status": map[string]any{"id": "1", "name": "Open"}})
		w.blind = map[int64]bool{mended: true} // no search shows that
		w.gives(w.census(), collector.CensusResult{})
		if got := w.notes(); got != nil {
			w.Errorf("got notes %v, want none", got)
		}
		w.hasEvents(mended, latency.RankCreated, latency.RankRecord, latency.RankRecord)
	})
}

// TestLookThatFailsIsMadeAgain: when one story with an open question cannot be
// read, the look at the others is made again, and a census all the same.
func TestLookThatFailsIsMadeAgain(t *testing.T) {
	each(t, func(w *world) {
		ids := settled(w, 250)
		w.restart(func(o *collector.Options) {
			o.OpenQuestions = func(context.Context) ([]int64, error) { return ids, nil }
		})
		reads := 0
		w.fault = func(r *http.Request) *jirasim.Fault {
			if strings.Contains(r.URL.Path, "/issue/bulkfetch") || strings.HasSuffix(r.URL.Path, fmt.Sprintf("/issue/%d", ids[len(ids)-1])) {
				if reads++; strings.Contains(r.URL.Path, "/bulkfetch") && reads < 3 {
					return nil
				}
				return &jirasim.Fault{Status: 403}
			}
			return nil
		}
		before := w.state()
		w.later(7 * time.Hour)
		r := w.sync()
		if r.Checks.Err == nil || r.Census == nil {
			w.Errorf("got error %v and census %v, want both", r.Checks.Err, r.Census)
		}
		if got := w.state().QuestionsRead; got != before.QuestionsRead {
			w.Errorf("the reading is said to have been at %s though it failed", got.Time())
		}
	})
}

// TestLostProject: one project that cannot be seen any more keeps the others
// from nothing; when it is back, what happened in it is read.
func TestLostProject(t *testing.T) {
	each(t, func(w *world) {
		w.both()
		ids := settled(w, 40)
		lost := w.create(w.ops)
		w.later(time.Minute)
		w.sync()
		w.site.Archive(w.ops, true)
		w.move(ids[0])
		w.later(10 * time.Minute)
		if _, err := w.collector.Sync(w.Context()); err == nil { // what describes stories is an hour old at most
			w.Error("a search of a project that is not there is complete")
		}
		w.sync()
		w.hasEvents(ids[0], latency.RankCreated, latency.RankRecord)
		want := []string{"invisible 0"}
		if diff := cmp.Diff(want, w.notes()); diff != "" {
			w.Errorf("notes (-want +got):\n%s", diff)
		}
		w.gives(w.census(), collector.CensusResult{Invisible: 1})
		if diff := cmp.Diff([]string{"invisible 0", fmt.Sprint("invisible ", lost)}, w.notes()); diff != "" {
			w.Errorf("notes (-want +got):\n%s", diff)
		}
		w.hasEvents(lost, latency.RankCreated)

		w.site.Archive(w.ops, false)
		w.move(lost)
		w.site.Archive(w.ops, true)
		w.census()
		w.site.Archive(w.ops, false)
		w.restart(func(o *collector.Options) { o.Projects = []string{"PAY", "OPS"} })
		w.later(time.Minute)
		w.sync()
		w.hasEvents(lost, latency.RankCreated, latency.RankRecord)
		if st := w.state(); len(st.Lost) > 0 {
			w.Errorf("still lost: %v", st.Lost)
		}
		w.census()
		if got := w.notes(); got != nil {
			w.Errorf("got notes %v, want none", got)
		}
	})
}
