package jiradata

import (
	"github.com/yourturn/yourturn/internal/latency"
)

// User is an account that acts on stories or is named in their fields.
type User struct {
	ID          string // account id (Cloud) or user key (Data Center)
	Name        string // Data Center's user name, as mentions name it; "" on Cloud
	DisplayName string
	Type        latency.AccountType
	Active      bool
	TimeZone    string // IANA name of the profile's zone; "" where Jira does not tell it
}

// Story is an issue as Jira described it in one reading.
type Story struct {
	// History holds the present fields, and the events: created, every record,
	// and every comment at its creation with its present facts. What the
	// collector finds by comparing with the store (comments edited or deleted,
	// a story come back) is among the events too by the time it is saved.
	History    latency.History
	ProjectID  string
	Updated    latency.Instant
	ParentOnly bool // read for its user fields and its parent alone: it has no comments
	Users      []User

	// Titled: its title was read, and Title is what may be kept of it; "" for a story
	// that has a security level.
	Titled bool
	Title  string

	// CommentsShort: Jira counts more comments than it gave, in two readings. A
	// comment that is missing may exist.
	CommentsShort bool
	// CommentsMistimed: by what Jira says, a comment was edited before it was made. Its
	// instants cannot be right.
	CommentsMistimed bool
	// Edits are the last edits of comments that were edited, by comment id.
	Edits map[int64]Edit
}

// Edit is the last edit of a comment.
type Edit struct {
	At        latency.Instant
	Actor     string
	ActorType latency.AccountType
}

// Quarantined is an issue that could not be read, while all others were.
type Quarantined struct {
	ID     int64  // 0 where even that could not be read
	Key    string // "" likewise
	Reason string
}
