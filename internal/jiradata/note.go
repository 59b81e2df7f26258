package jiradata

import "github.com/yourturn/yourturn/internal/latency"

// Note is an entry of the audit that no event of a story shows. It stays until the
// poll that finds the story, or the polls, in order again.
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
