package collector

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

func TestReconcile(t *testing.T) {
	const poll = latency.Instant(9000)
	asks, says := comment.Facts{Question: true, Head: "why?"}, comment.Facts{Head: "so"}
	added := func(at latency.Instant, id int64, f comment.Facts) latency.Event {
		return latency.Event{At: at, Rank: latency.RankCommentAdded, ID: id, Actor: "ada", Comment: &f}
	}
	knows := func(id int64, c jiradata.KnownComment) jiradata.Known {
		return jiradata.Known{Comments: map[int64]jiradata.KnownComment{id: c}}
	}
	for _, tc := range []struct {
		name  string
		story jiradata.Story
		known jiradata.Known
		want  []latency.Event // beside the story's own
	}{
		{"new comment", jiradata.Story{History: latency.History{Events: []latency.Event{added(1, 5, asks)}}}, jiradata.Known{}, nil},
		{"first seen after its edit", jiradata.Story{
			History: latency.History{Events: []latency.Event{added(1, 5, asks)}}, Edits: map[int64]jiradata.Edit{5: {At: 7}},
		}, jiradata.Known{}, nil},
		{
			"same comment",
			jiradata.Story{History: latency.History{Events: []latency.Event{added(1, 5, asks)}}},
			knows(5, jiradata.KnownComment{Facts: comment.Facts{Question: true, Head: "why?", Asked: []string{}}}), nil,
		},
		{
			"edited",
			jiradata.Story{
				History: latency.History{Events: []latency.Event{added(1, 5, says)}}, Edits: map[int64]jiradata.Edit{5: {At: 7, Actor: "bob"}},
			},
			knows(5, jiradata.KnownComment{Facts: asks}),
			[]latency.Event{{At: 7, Rank: latency.RankCommentEdited, ID: 5, Actor: "bob", Comment: &says}},
		},
		{"edited to the same effect", jiradata.Story{
			History: latency.History{Events: []latency.Event{added(1, 5, asks)}}, Edits: map[int64]jiradata.Edit{5: {At: 7}},
		}, knows(5, jiradata.KnownComment{Facts: asks}), nil},
		{
			"read otherwise than before, not edited",
			jiradata.Story{History: latency.History{Events: []latency.Event{added(1, 5, says)}}},
			knows(5, jiradata.KnownComment{Facts: asks}), nil,
		},
		{
			"deleted",
			jiradata.Story{},
			knows(5, jiradata.KnownComment{Facts: asks}),
			[]latency.Event{{At: poll, Rank: latency.RankCommentDeleted, ID: 5, Observed: true}},
		},
		{"deleted long ago", jiradata.Story{}, knows(5, jiradata.KnownComment{Facts: asks, Deleted: true}), nil},
		{"absent from an incomplete list", jiradata.Story{CommentsShort: true}, knows(5, jiradata.KnownComment{Facts: asks}), nil},
		{"absent from a parent, read without comments", jiradata.Story{ParentOnly: true}, knows(5, jiradata.KnownComment{Facts: asks}), nil},
		{
			"visible again",
			jiradata.Story{History: latency.History{Events: []latency.Event{added(1, 5, asks)}}},
			knows(5, jiradata.KnownComment{Facts: asks, Deleted: true}),
			[]latency.Event{{At: poll, Rank: latency.RankCommentEdited, ID: 5, Actor: "ada", Comment: &asks, Observed: true}},
		},
		{
			"come back",
			jiradata.Story{},
			jiradata.Known{Gone: true},
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
