package jiradata

import (
	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/latency"
)

// Batch is what is written in one transaction, the state with it. A
// quarantined issue leaves the quarantine when its story is saved.
type Batch struct {
	At          latency.Instant // of the poll
	Stories     []Story
	Quarantined []Quarantined
	State       State
}

// Changed is what a batch changed in the store.
type Changed struct {
	Stories []int64 // ids of those with a new event, a mended one or another snapshot
	Events  int     // new events
	Mended  int     // stored events that differ now: Jira, or a newer Reading, gives more of them
}

// Known is what the store holds of a story.
type Known struct {
	Updated  latency.Instant
	Gone     bool                   // it went, and has not returned
	Comments map[int64]KnownComment // by id, deleted ones too
}

// KnownComment is what the store holds of a comment.
type KnownComment struct {
	First   comment.Facts // those of its creation
	Facts   comment.Facts // those of its latest event that has any
	Reading int           // the version of Reading that read First
	Edits   []KnownEdit   // the stored edits, in order of instant
	Deleted bool          // its latest event is the deletion
}

// KnownEdit is a stored edit of a comment, or its return.
type KnownEdit struct {
	At       latency.Instant
	Observed bool // it was visible again: At is the poll that saw it
	Reading  int  // the version of Reading that read its facts
}

// Shard is the range [From, To) of story ids: a part of the store that is read
// by itself.
type Shard struct{ From, To int64 }
