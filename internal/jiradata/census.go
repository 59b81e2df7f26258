package jiradata

import "github.com/yourturn/yourturn/internal/latency"

// Census is what a comparison of all ids of Jira with the store's proved, to be
// written in one transaction with the state.
type Census struct {
	At       latency.Instant // the poll that proved it, in Jira's clock
	Last     latency.Instant // the last complete census; 0: there was none
	Gone     []int64         // stories that went: deleted or hidden
	Left     []int64         // stories that are there, and that the scope's JQL does not find any more: they went, too
	Outside  []int64         // stories that moved to a project nobody watches: their histories say so
	Inside   []int64         // stories that were outside and are found again
	Released []int64         // issues of the quarantine that are not there, or not of the scope, any more
	Notes    []Note          // what is odd
	Partial  bool            // it looked at some stories alone: what was noted of others stays
	State    State
}

// Note is something odd that no event shows, and that stays so until the poll
// that finds it in order again.
type Note struct {
	Story  int64  // id; 0: it is about the whole Jira, or the id could not be read
	Key    string // of the story; "" where it is not known
	Reason string // one of the constants below
	At     latency.Instant
	Detail string
}

// The reasons of notes.
const (
	NoteInvisible     = "invisible"      // the account may not browse its project any more
	NoteCommentsShort = "comments_short" // Jira counts more comments than it gives
	NoteMistimed      = "comment_times"  // Jira says of a comment that it was edited before it was made
	NoteQuarantined   = "quarantined"    // it could not be read
	NoteCensusGuard   = "census_guard"   // a census would have removed too many stories
	NoteLate          = "late"           // the search had not shown it, or a change of it, when it should have
	NoteFailed        = "poll_failed"    // of no story: no poll is complete since then
	NoteWarned        = "search_warning" // of no story: Jira warns of the polls' searches
	NoteZoned         = "zone_literals"  // of no story: Jira is asked in the zone of the account's profile
)
