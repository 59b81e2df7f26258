package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestABatchIsItsStories saves a batch that is larger than one statement, in which stories,
// events and people come again, otherwise than before: the store is as if each story had
// been saved by itself.
func TestABatchIsItsStories(t *testing.T) {
	var list []jiradata.Story
	for id := range int64(150) {
		s := titled(id+1, fmt.Sprint("title ", id))
		s.Users = []jiradata.User{{ID: "po", DisplayName: fmt.Sprint("PO ", id/50)}, {ID: fmt.Sprint("dev", id)}}
		list = append(list, s)
		if id%20 == 0 {
			again := titled(id+1, "another title")
			again.History.Key, again.Updated = fmt.Sprint("OPS-", id), latency.Instant(9000+id)
			again.History.Events = append(again.History.Events, again.History.Events[0], latency.Event{At: 5000, Rank: latency.RankCommentAdded, ID: 99, Actor: "po"})
			list = append(list, again)
		}
	}
	together, apart := opened(t), opened(t)
	got := save(t, together, jiradata.Batch{Stories: list})
	events := 0
	for _, s := range list {
		events += save(t, apart, jiradata.Batch{Stories: []jiradata.Story{s}}).Events
	}
	if got.Events != events || events != 150*3+8 {
		t.Errorf("%d events are new, and one by one %d", got.Events, events)
	}
	if d := cmp.Diff(histories(t, apart, nil), histories(t, together, nil)); d != "" {
		t.Errorf("stories (-one by one +together):\n%s", d)
	}
	for name, of := range map[string]func(*Store) (any, error){
		"accounts": func(s *Store) (any, error) { return s.Users(t.Context()) },
		"titles":   func(s *Store) (any, error) { return s.Titles(t.Context(), []int64{1, 2, 21, 150}) },
	} {
		want, err := of(apart)
		if err != nil {
			t.Fatal(err)
		}
		if have, err := of(together); err != nil || cmp.Diff(want, have) != "" {
			t.Errorf("%s (-one by one +together): %v\n%s", name, err, cmp.Diff(want, have))
		}
	}
}
