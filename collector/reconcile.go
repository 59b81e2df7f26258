package collector

import (
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// reconcile adds to a story the events that Jira does not record and that
// only the comparison with what is stored shows: comments edited, deleted or
// visible again, and the return of the story. Where Jira gives no instant
// they bear the poll's, and are marked as observed.
func reconcile(st *jiradata.Story, known jiradata.Known, poll latency.Instant) {
	observed := func(rank latency.Rank, id int64) latency.Event {
		return latency.Event{At: poll, Rank: rank, ID: id, Observed: true}
	}
	events := &st.History.Events
	if known.Gone {
		*events = append(*events, observed(latency.RankReturned, 0))
	}
	if st.ParentOnly {
		return
	}
	there := map[int64]bool{}
	for _, ev := range slices.Clone(*events) {
		if ev.Rank != latency.RankCommentAdded {
			continue
		}
		there[ev.ID] = true
		before, ok := known.Comments[ev.ID]
		last, edited := st.Edits[ev.ID]
		switch {
		case !ok:
		case before.Deleted:
			back := observed(latency.RankCommentEdited, ev.ID)
			back.Comment, back.Actor, back.ActorType = ev.Comment, ev.Actor, ev.ActorType
			*events = append(*events, back)
		case edited && !sameFacts(before.Facts, *ev.Comment):
			// Where Jira knows of no edit, it is our reading that has changed.
			*events = append(*events, latency.Event{
				At: last.At, Rank: latency.RankCommentEdited, ID: ev.ID, Actor: last.Actor, ActorType: last.ActorType, Comment: ev.Comment,
			})
		}
	}
	if st.CommentsShort {
		return // what is missing may be there
	}
	for _, id := range slices.Sorted(maps.Keys(known.Comments)) {
		if !there[id] && !known.Comments[id].Deleted {
			*events = append(*events, observed(latency.RankCommentDeleted, id))
		}
	}
}

// sameFacts compares facts as they are stored: an empty list is none.
func sameFacts(a, b comment.Facts) bool {
	return a.Question == b.Question && a.Head == b.Head && slices.Equal(a.Asked, b.Asked) && slices.Equal(a.Mentioned, b.Mentioned)
}
