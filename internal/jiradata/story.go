// Package jiradata holds the plain types that pass between a Jira, the
// collector and the store: stories, what describes them, and how far a
// synchronisation has come. It has no behaviour.
package jiradata

import (
	"context"
	"errors"
	"time"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/latency"
)

// ErrIncomplete means that Jira gave less than it had said it would, so that
// nothing may be concluded from what is missing.
var ErrIncomplete = errors.New("incomplete answer")

// ErrRefused means that Jira does not accept a request, for instance a query
// that names an unknown project.
var ErrRefused = errors.New("request refused")

// Flavor is the kind of a Jira.
type Flavor string

// The two flavours: they differ in endpoints, in users and in limits.
const (
	Cloud      Flavor = "cloud"
	DataCenter Flavor = "datacenter"
)

// State is how far the synchronisation of a store has come. Its zero value is
// a store that was never synchronised.
type State struct {
	Flavor  Flavor `json:"flavor"`
	BaseURL string `json:"base_url"`
	SiteURL string `json:"site_url,omitempty"` // where people find it
	Account string `json:"account"`            // as whom Jira was read; what it may see is what the store holds

	FirstDone   bool   `json:"first_done"`  // a full sync was completed
	Fingerprint string `json:"fingerprint"` // of the scope of the last full sync, done or interrupted

	// Reading is the version of Reading with which the last full sync that was done
	// read the scope; 0: before versions were noted, which is 1.
	Reading int `json:"reading,omitempty"`

	// Complete are the ids of the projects that the last full sync that was done
	// was for, in order: of others the store may hold a part. None: all that can
	// be seen, for JQL alone was the scope.
	Complete []string `json:"complete,omitempty"`

	// Of a full sync that is not done: when it began, in Jira's clock (0: none
	// is under way), and behind which page it goes on ("": from the start).
	// Rereading: it reads a scope once more that an older Reading had read.
	FullStarted latency.Instant `json:"full_started,omitempty"`
	Cursor      string          `json:"cursor,omitempty"`
	Rereading   bool            `json:"rereading,omitempty"`

	// Watermark is the start, in Jira's clock, of the last complete cycle: the
	// next one asks for what was updated since, and some minutes before.
	Watermark latency.Instant `json:"watermark"`
	// DataTimestamp is the instant as of which the store is complete.
	DataTimestamp latency.Instant `json:"data_timestamp"`

	// Canary is a story that every search must show: one that does not is blind,
	// whatever it says. 0: none was chosen yet.
	Canary int64 `json:"canary,omitempty"`

	// Census is the start of the last complete census, Relook of the last look
	// at open questions' comments, Aside of the last look at what no search of
	// the scope shows; all in Jira's clock.
	Census latency.Instant `json:"census,omitempty"`
	Relook latency.Instant `json:"relook,omitempty"`
	Aside  latency.Instant `json:"aside,omitempty"`

	// Passed is the start of the last census that was not stopped, or of the
	// first sync before there was one: since then there may be changes of
	// stories that were out of sight.
	Passed latency.Instant `json:"passed,omitempty"`

	// Lost tells since when projects, by key, may not have been seen: what changed
	// in them since then was not read.
	Lost map[string]latency.Instant `json:"lost,omitempty"`
}

// Identity is who Jira says that it answers, and when it said so.
type Identity struct {
	Account     string // account id (Cloud) or user key (Data Center)
	DisplayName string
	TimeZone    string // IANA name of the profile's zone
	Flavor      Flavor
	BaseURL     string          // where it is asked
	SiteURL     string          // where people find it: BaseURL, unless that is a gateway
	At          latency.Instant // Jira's clock as it began to answer, to the second
	DateAhead   time.Duration   // how far the Date of its replies is ahead of that clock
}

// User is an account that acts on stories or is named in their fields.
type User struct {
	ID          string // account id (Cloud) or user key (Data Center)
	Name        string // Data Center's user name, as mentions name it; "" on Cloud
	DisplayName string
	Type        latency.AccountType
	Active      bool
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

	// CommentsShort tells that Jira counts more comments than it gave, twice:
	// what is missing may be there.
	CommentsShort bool
	// CommentsMistimed tells that a comment was edited before it was made, by what
	// Jira says: its instants cannot be right.
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

// Query is what a search of Jira is for: the stories of a scope, and beside
// them some issues that are asked for by id, to save a request.
type Query struct {
	Projects []string        // keys; none: JQL alone is the scope
	JQL      string          // narrows the scope, without ORDER BY; "": it does not
	Since    latency.Instant // only what was updated since; 0: everything
	Cursor   string          // of a page of the same query: go on behind it; "": from the start

	// Canary is a story that is found whatever its age and scope; 0: none.
	Canary int64
	// Parents are issues to be read for their user fields and parents alone, as
	// far as they were updated since and are in none of the projects.
	Parents []int64
	// Known returns up to when stories are known, of those that are stored: what
	// is found updated then or before is not read again. nil: everything is read.
	Known func(ctx context.Context, ids []int64) (map[int64]latency.Instant, error)
}

// Page is a part of an answer of Jira.
type Page struct {
	Stories     []Story
	Quarantined []Quarantined
	Unchanged   []int64  // found as they are known, or as they were before, and not read again
	Cursor      string   // behind this page; "" where a search cannot be gone on with
	Named       bool     // the canary and the parents were asked for: parents that are not there were not updated
	Canary      bool     // the canary was found
	Warnings    []string // of Jira about the search; it gave all results
	Zoned       bool     // Jira does not understand instants in queries: it was asked in the account's zone
}

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
	Stories []int64 // ids of those that got a new event, a mended one or another snapshot
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

// Meta describes the Jira that stories come from, as one poll saw it.
type Meta struct {
	At       latency.Instant // that poll, in Jira's clock
	Statuses []Status
	Types    []IssueType
	Fields   []Field
	Projects []Project // the watched ones
	Missing  []string  // keys of projects that are to be watched and that are unknown, or not to be seen
	Users    []User    // the leads
}

// Status is a workflow status. Names are not unique: projects may have their own.
type Status struct {
	ID, Name  string
	Category  latency.Category
	ProjectID string // "" unless it is of one project alone
}

// IssueType is a type of issue. Names are not unique: projects may have their own.
type IssueType struct {
	ID, Name  string
	Subtask   bool
	Level     int    // above 0: epics and higher; 0: stories; below: sub-tasks
	HasLevel  bool   // Jira told the level; older ones do not
	ProjectID string // "" unless it is of one project alone
}

// Field is a field of issues. Names are not unique.
type Field struct {
	ID, Name         string
	UntranslatedName string // "" where Jira does not tell
	Custom           string // type of a custom field, for instance com.pyxis.greenhopper.jira:gh-sprint
	People           bool   // it holds a user, or several
	ProjectID        string // "" unless it is of one project alone
}

// Lead is who led a project from an instant on, as a poll saw it: Jira keeps no
// history of it.
type Lead struct {
	Project string // id
	At      latency.Instant
	Account string
}

// Project is a watched project.
type Project struct {
	ID, Key, Name string
	Lead          string // account; "" if it has none
}

// ErrWithheld means that Jira does not give this account its boards or sprints;
// everything else it may give all the same.
var ErrWithheld = errors.New("jira does not give its sprints")

// Sprint is a sprint that has begun, of a board that shows a project.
type Sprint struct {
	ID        int64
	ProjectID string
	Name      string
	Start     latency.Instant // when it was started
	End       latency.Instant // when it was completed; until then, when it is to end
}

// Shard is the range [From, To) of story ids: a part of the store that is read
// by itself.
type Shard struct{ From, To int64 }
