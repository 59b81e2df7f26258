package latency

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/comment"
)

// Instant is a point in time in milliseconds since the Unix epoch, UTC.
type Instant = calendar.Instant

// Never is later than every other instant: the end of what has not ended.
const Never = calendar.Never

// At returns t as an Instant, truncated to the millisecond.
func At(t time.Time) Instant { return calendar.At(t) }

// Rank orders events of the same instant by what they are.
type Rank uint8

// The ranks, in the order in which events of one instant are read.
const (
	RankCreated Rank = iota
	RankRecord
	RankCommentAdded
	RankCommentEdited
	RankCommentDeleted
	RankGone
	RankReturned // a story that was gone is seen again
)

// AccountType is what Jira says of an account.
type AccountType uint8

// The account types. Data Center knows persons alone.
const (
	Person   AccountType = iota
	App                  // an integration or automation
	Customer             // of a service desk: neither asks nor answers
)

// Value is one value of a field: ids survive renames, names are for people
// (and all there is for labels).
type Value struct {
	ID   string `json:"i,omitempty"`
	Name string `json:"n,omitempty"`
}

// The fields that the rules read. User fields other than the assignee are named
// by their Jira id (customfield_10050).
const (
	FieldStatus      = "status"
	FieldAssignee    = "assignee"
	FieldReporter    = "reporter"
	FieldCreator     = "creator" // who created the story; it never changes
	FieldFlag        = "flag"
	FieldLabels      = "labels"
	FieldComponents  = "components"
	FieldResolution  = "resolution"
	FieldSprint      = "sprint"
	FieldParent      = "parent"
	FieldType        = "type"
	FieldProject     = "project"
	FieldKey         = "key"
	FieldWorkflow    = "workflow"
	FieldDescription = "description"
	FieldImport      = "import" // the story came from another Jira, with its history
)

// Change is one changed field within a history record. Labels hold the whole
// list in Name, separated by spaces; a component is added (From empty) or
// removed (To empty); several accounts of a user field are separated by commas in ID.
type Change struct {
	Field string `json:"f"`
	From  Value  `json:"o,omitzero"`
	To    Value  `json:"t,omitzero"`
}

// Event is one thing that happened to a story, as Jira recorded it or, where
// Jira gives no instant, as the poll that saw it. Events are append-only.
type Event struct {
	At        Instant
	Rank      Rank
	ID        int64  // Jira's id of the record or comment; 0 for created, gone and returned
	Actor     string // account id (Cloud) or user key (Data Center); "" when Jira names nobody
	ActorType AccountType
	Observed  bool           // At is the poll that saw it, not Jira's instant
	Changes   []Change       // of a history record
	Comment   *comment.Facts // of a comment added or edited
}

// CompareEvents orders events by instant, rank and numeric id; ids are
// compared within a rank alone, because they are different sequences.
func CompareEvents(a, b Event) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.ID, b.ID))
}

// sameEvent reports whether two events are one that was fetched twice.
func sameEvent(a, b Event) bool { return CompareEvents(a, b) == 0 }

// Snapshot is what Jira said last of a story's fields, by the field names
// above; a field that is not set is absent.
type Snapshot map[string][]Value

// History is all that is known of one story.
type History struct {
	ID     int64  // Jira's immutable issue id
	Key    string // today's key
	Now    Snapshot
	Events []Event // in any order, doubles allowed
}

// Clone returns a copy that shares nothing with h but strings: whoever reads many
// histories uses their room again.
func (h *History) Clone() *History {
	c := *h
	c.Now = maps.Clone(h.Now)
	for field, values := range c.Now {
		c.Now[field] = slices.Clone(values)
	}
	c.Events = slices.Clone(h.Events)
	for i := range c.Events {
		ev := &c.Events[i]
		ev.Changes = slices.Clone(ev.Changes)
		if ev.Comment != nil {
			facts := *ev.Comment
			facts.Mentioned, facts.Asked = slices.Clone(facts.Mentioned), slices.Clone(facts.Asked)
			ev.Comment = &facts
		}
	}
	return &c
}

// sortEvents orders events in place and drops doubles.
func sortEvents(events []Event) []Event {
	if !slices.IsSortedFunc(events, CompareEvents) {
		slices.SortFunc(events, CompareEvents)
	}
	return slices.CompactFunc(events, sameEvent)
}
