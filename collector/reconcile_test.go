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
		c.First, c.Reading = c.Facts, jiradata.Reading
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

// TestReconcileFindsThePresentText holds which events of a comment get the facts
// of the text that Jira gives, where an older reading had read other ones.
func TestReconcileFindsThePresentText(t *testing.T) {
	const poll = latency.Instant(9000)
	old, edit, now := comment.Facts{Head: "as read first"}, comment.Facts{Head: "as edited"}, comment.Facts{Head: "as it is"}
	outdated, current := jiradata.Reading-1, jiradata.Reading
	for _, tc := range []struct {
		name    string
		edited  latency.Instant // last, by Jira; 0: never
		updated latency.Instant // of the story, as it is stored
		known   jiradata.KnownComment
		first   comment.Facts   // what its creation is to have
		edits   []latency.Event // and the others
	}{
		{"never edited", 0, 5, jiradata.KnownComment{First: old, Facts: old, Reading: outdated}, now, nil},
		{"first seen after its edit", 3, 5, jiradata.KnownComment{First: old, Facts: old, Reading: outdated}, now, nil},
		{
			"edited since", 7, 5,
			jiradata.KnownComment{First: old, Facts: old, Reading: outdated},
			old,
			[]latency.Event{{At: 7, Rank: latency.RankCommentEdited, ID: 8, Actor: "bo", Comment: &now}},
		},
		{
			"edited when it was stored already", 3, 5,
			jiradata.KnownComment{First: old, Facts: edit, Reading: outdated, Edits: []jiradata.KnownEdit{{At: 3, Reading: outdated}}},
			old,
			[]latency.Event{{At: 3, Rank: latency.RankCommentEdited, ID: 8, Actor: "bo", Comment: &now}},
		},
		{
			"edited twice", 7, 5,
			jiradata.KnownComment{First: old, Facts: edit, Reading: outdated, Edits: []jiradata.KnownEdit{{At: 3, Reading: outdated}}},
			old,
			[]latency.Event{{At: 7, Rank: latency.RankCommentEdited, ID: 8, Actor: "bo", Comment: &now}},
		},
		{
			"hidden for a while, never edited", 0, 5,
			jiradata.KnownComment{First: old, Facts: old, Reading: outdated, Edits: []jiradata.KnownEdit{{At: 4, Observed: true, Reading: outdated}}},
			now,
			[]latency.Event{{At: 4, Rank: latency.RankCommentEdited, ID: 8, Observed: true, Comment: &now}},
		},
		{
			"edited, and hidden for a while", 3, 5,
			jiradata.KnownComment{First: old, Facts: now, Reading: outdated, Edits: []jiradata.KnownEdit{{At: 3, Reading: outdated}, {At: 4, Observed: true, Reading: outdated}}},
			old,
			[]latency.Event{{At: 4, Rank: latency.RankCommentEdited, ID: 8, Observed: true, Comment: &now}},
		},
		{
			"edited and hidden, visible again", 7, 5,
			jiradata.KnownComment{First: old, Facts: old, Reading: outdated, Deleted: true},
			old,
			[]latency.Event{{At: poll, Rank: latency.RankCommentEdited, ID: 8, Actor: "ada", Observed: true, Comment: &now}},
		},
		{
			"edited since, by the same reading", 3, 5,
			jiradata.KnownComment{First: old, Facts: old, Reading: current},
			old,
			[]latency.Event{{At: 3, Rank: latency.RankCommentEdited, ID: 8, Actor: "bo", Comment: &now}},
		},
		{
			"read by this reading in all its events", 3, 5,
			jiradata.KnownComment{First: old, Facts: now, Reading: current, Edits: []jiradata.KnownEdit{{At: 3, Reading: current}}},
			old, nil,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			present := now
			st := jiradata.Story{History: latency.History{Events: []latency.Event{{At: 1, Rank: latency.RankCommentAdded, ID: 8, Actor: "ada", Comment: &present}}}}
			if tc.edited != 0 {
				st.Edits = map[int64]jiradata.Edit{8: {At: tc.edited, Actor: "bo"}}
			}
			reconcile(&st, jiradata.Known{Updated: tc.updated, Comments: map[int64]jiradata.KnownComment{8: tc.known}}, poll)
			want := append([]latency.Event{{At: 1, Rank: latency.RankCommentAdded, ID: 8, Actor: "ada", Comment: &tc.first}}, tc.edits...)
			if diff := cmp.Diff(want, st.History.Events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
