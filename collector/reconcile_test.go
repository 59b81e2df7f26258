package collector

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/latency"
)

func TestReconcile(t *testing.T) {
	const poll = latency.Instant(9000)
	asks, says := comment.Facts{Question: true, Head: "why?"}, comment.Facts{Head: "so"}
	added := func(at latency.Instant, id int64, f comment.Facts) latency.Event {
		return latency.Event{At: at, Rank: latency.RankCommentAdded, ID: id, Actor: "ada", Comment: &f}
	}
	knows := func(id int64, c archive.KnownComment) archive.Known {
		return archive.Known{Comments: map[int64]archive.KnownComment{id: c}}
	}
	for _, tc := range []struct {
		name  string
		story archive.Story
		known archive.Known
		want  []latency.Event // beside the story's own
	}{
		{"new comment", archive.Story{History: latency.History{Events: []latency.Event{added(1, 5, asks)}}}, archive.Known{}, nil},
		{"first seen after its edit", archive.Story{
			History: latency.History{Events: []latency.Event{added(1, 5, asks)}}, Edits: map[int64]archive.Edit{5: {At: 7}},
		}, archive.Known{}, nil},
		{
			"same comment",
			archive.Story{History: latency.History{Events: []latency.Event{added(1, 5, asks)}}},
			knows(5, archive.KnownComment{Facts: comment.Facts{Question: true, Head: "why?", Asked: []string{}}}), nil,
		},
		{
			"edited",
			archive.Story{
				History: latency.History{Events: []latency.Event{added(1, 5, says)}}, Edits: map[int64]archive.Edit{5: {At: 7, Actor: "bob"}},
			},
			knows(5, archive.KnownComment{Facts: asks}),
			[]latency.Event{{At: 7, Rank: latency.RankCommentEdited, ID: 5, Actor: "bob", Comment: &says}},
		},
		{"edited to the same effect", archive.Story{
			History: latency.History{Events: []latency.Event{added(1, 5, asks)}}, Edits: map[int64]archive.Edit{5: {At: 7}},
		}, knows(5, archive.KnownComment{Facts: asks}), nil},
		{
			"read otherwise than before, not edited",
			archive.Story{History: latency.History{Events: []latency.Event{added(1, 5, says)}}},
			knows(5, archive.KnownComment{Facts: asks}), nil,
		},
		{
			"deleted",
			archive.Story{},
			knows(5, archive.KnownComment{Facts: asks}),
			[]latency.Event{{At: poll, Rank: latency.RankCommentDeleted, ID: 5, Observed: true}},
		},
		{"deleted long ago", archive.Story{}, knows(5, archive.KnownComment{Facts: asks, Deleted: true}), nil},
		{"absent from an incomplete list", archive.Story{CommentsShort: true}, knows(5, archive.KnownComment{Facts: asks}), nil},
		{"absent from a parent, read without comments", archive.Story{ParentOnly: true}, knows(5, archive.KnownComment{Facts: asks}), nil},
		{
			"visible again",
			archive.Story{History: latency.History{Events: []latency.Event{added(1, 5, asks)}}},
			knows(5, archive.KnownComment{Facts: asks, Deleted: true}),
			[]latency.Event{{At: poll, Rank: latency.RankCommentEdited, ID: 5, Actor: "ada", Comment: &asks, Observed: true}},
		},
		{
			"come back",
			archive.Story{},
			archive.Known{Gone: true},
			[]latency.Event{{At: poll, Rank: latency.RankReturned, Observed: true}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := len(tc.story.History.Events)
			reconcile(&tc.story, tc.known, poll)
			if diff := cmp.Diff(tc.want, append([]latency.Event(nil), tc.story.History.Events[n:]...)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
