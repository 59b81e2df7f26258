package collector

import (
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// reconcile compares a story with what is stored of it, and makes its events say
// what only that comparison shows.
//
// It adds the events that Jira does not record: comments edited, deleted or
// visible again, and the return of the story. Where Jira gives no instant they
// bear the poll's, and are marked as observed.
//
// And it decides which events of a comment bear the text that Jira gives. Jira
// gives the present text alone, which is as old as the last edit:
//
//   - an event from before that edit keeps the facts that are stored of it;
//   - the edit itself, what came after it, and all events of a comment that was
//     never edited bear the present text: where an older Reading read them they
//     are read anew, and the store brings them up to date;
//   - a comment that was first seen after its edit counts with its present text
//     at its creation, as it did then: what is stored of its creation was read
//     from the text that Jira still gives. It is one that has no stored edit, and
//     whose last edit is no later than the story's stored update.
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
	for i := range len(*events) { // those that Jira gave
		ev := &(*events)[i]
		if ev.Rank != latency.RankCommentAdded {
			continue
		}
		there[ev.ID] = true
		before, ok := known.Comments[ev.ID]
		if !ok {
			continue
		}
		added := *ev // with the present text
		last, edited := st.Edits[ev.ID]
		outdated := before.Reading < jiradata.Reading
		fromPresent := !edited || outdated && len(before.Edits) == 0 && last.At <= known.Updated
		if !fromPresent {
			first := before.First
			ev.Comment = &first
		}
		switch {
		case before.Deleted:
			back := observed(latency.RankCommentEdited, ev.ID)
			back.Comment, back.Actor, back.ActorType = added.Comment, added.Actor, added.ActorType
			*events = append(*events, back)
		case edited && !fromPresent && !before.Facts.Same(*added.Comment):
			*events = append(*events, latency.Event{
				At: last.At, Rank: latency.RankCommentEdited, ID: ev.ID, Actor: last.Actor, ActorType: last.ActorType, Comment: added.Comment,
			})
		}
		for _, e := range before.Edits { // the comment's returns, that bear the present text too
			if e.Reading < jiradata.Reading && (!edited || e.At > last.At) {
				*events = append(*events, latency.Event{At: e.At, Rank: latency.RankCommentEdited, ID: ev.ID, Observed: e.Observed, Comment: added.Comment})
			}
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
