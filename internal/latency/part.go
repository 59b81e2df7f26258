package latency

import (
	"cmp"
	"time"
)

// Outcome is how a wait, or one owner's part of it, ended.
type Outcome string

// The outcomes. Accepted, rejected and answered are responses of the owner or
// in the owner's stead; all others say nothing of how fast the owner responds.
const (
	Accepted   Outcome = "accepted"    // acceptance: the story was accepted
	Rejected   Outcome = "rejected"    // acceptance: the owner or a delegate sent it back
	Recalled   Outcome = "recalled"    // acceptance: somebody else pulled it back
	Answered   Outcome = "answered"    // question: there was an answer
	Resolved   Outcome = "resolved"    // question: somebody else took the ask away
	Withdrawn  Outcome = "withdrawn"   // both: nothing was left to decide or to answer
	Obsolete   Outcome = "obsolete"    // question: the story ended without an answer
	Lapsed     Outcome = "lapsed"      // question: nobody has spoken for long
	HandedOver Outcome = "handed_over" // both: the wait went on with the next owner
)

// Responder is the role, towards the owner of a wait, of whoever ended it.
// It is empty where nobody did: a hand-over, a lapse, a story that is gone.
type Responder string

// The responders.
const (
	ByOwner      Responder = "owner"
	ByDelegate   Responder = "delegate"
	ByOther      Responder = "other"
	ByAutomation Responder = "automation"
)

// Rule names what opened, paused or ended a wait.
type Rule string

// The rules that open waits.
const (
	EnteredAcceptance   Rule = "entered_acceptance"
	CreatedInAcceptance Rule = "created_in_acceptance"
	ByMention           Rule = "mention"
	ByMarker            Rule = "marker"
	ByStatus            Rule = "status"
	ByLabel             Rule = "label"
	ByAssignment        Rule = "assignment"
)

// The rules that apply to a running wait; an outcome is also the rule that ended it.
const (
	Paused    Rule = "paused"
	Resumed   Rule = "resumed"
	OwnerAsks Rule = "owner_asks"
	TeamSpoke Rule = "team_spoke"
	Joined    Rule = "ask_joined"
	TakenBack Rule = "ask_taken_back"
	Replied   Rule = "other_reply"
	Handed    Rule = "handed_over"
)

// Step is an event and the rule by which it counted in a wait.
type Step struct {
	At    Instant
	Rank  Rank
	ID    int64 // of the record or comment; 0 where no event of the story did it
	Actor string
	Rule  Rule
}

// Wait is what the parts of a wait have in common: a team waits on one story,
// whoever owns it meanwhile.
type Wait struct {
	StoryID int64
	Story   string // today's key
	Kind    Kind
	Cycle   int     // of acceptance waits: 1, and one more after each accepted one
	Rule    Rule    // that opened the wait
	Since   Instant // when the team began to wait: the start of the first part

	Addressed    string  // the person whom the question names; "" where it names nobody
	Asks         int     // of a question: how many asks joined it, the first included
	OtherReplies int     // comments by others, which do not answer
	FirstReply   Instant // of those; Never

	Steps []Step // in order
}

// Part is one owner's part of a wait: [Start, End). A wait that was never
// handed over has one part.
type Part struct {
	Wait

	Number    int // 1 for the first owner's
	ProjectID string
	Owner     string // person, or Unowned
	Start     Instant
	Origin    Instant // Start as it was before any ask was taken back: what identifies the part
	End       Instant // Never: still open, or its ending is not yet final
	Outcome   Outcome
	Responder Responder
	Final     bool // the ending can no longer be undone by a slip

	// The owner's clock, without pauses and, where the rules say so, absences.
	Elapsed, Working time.Duration
	// Wall time within the part in which the wait was paused.
	Paused time.Duration
	// The story's clock up to this part's end: it never restarts.
	StoryElapsed, StoryWorking time.Duration

	Target   time.Duration // in working time
	Breached bool          // the owner's clock has passed the target of the project that the story was in
	BreachAt Instant       // when it did; Never
	// BreachProjectID is that project, which may be another one by now.
	BreachProjectID string
	PausedNow       bool // open and its clock is stopped by a pause
	Forgotten       bool // open, older than ten targets, and on its story nothing has happened for long

	Clock   []Span // when the owner's clock ran
	Running []Span // when the story's clock did: absences do not stop it

	ExitStatus string // name of the status that an acceptance wait ended in
}

// Open reports whether the team still waits, as far as can be counted.
func (p *Part) Open() bool { return p.End == Never }

// Overdue reports whether p is open and past its target.
func (p *Part) Overdue() bool { return p.Open() && p.Working > p.Target }

// CompareParts orders parts by start, story, kind and number.
func CompareParts(a, b Part) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Number, b.Number))
}

// Mark is something that is counted and is no wait: a slip, a bypass, or what a
// guard counts.
type Mark struct {
	Type      EntryType
	At        Instant
	Final     Instant // from which on nothing can undo it
	ProjectID string
	Owner     string // person; "" where it is the project's
}

// Result is what a story's history amounts to. Its slices are reused by the
// next derivation with the same Deriver; Part values may be kept.
type Result struct {
	Parts    []Part
	Begun    []Beginning
	Marks    []Mark
	Stages   []StageSpan // the story's cycle time, in order
	Findings []Finding
	// Unsettled reports whether time alone can change this result: a wait is open,
	// something is not final yet, or the story's owner will change.
	Unsettled bool
	Home      Home
	// Delegates are the accounts in the story's delegate field as of the derivation,
	// separated by commas.
	Delegates string
}

// Home is where a story is as of a derivation, and whether its owner field says
// who decides on it.
type Home struct {
	ProjectID string // "": it is in the scope of no watched project
	Field     FieldUse
}

// FieldUse is what the owner field of a story holds.
type FieldUse uint8

// The contents of the owner field of a story. A parent's field counts, because stories
// have their owners from it.
const (
	NoField    FieldUse = iota // none is configured
	FieldSet                   // somebody, on the story or a parent
	FieldEmpty                 // nobody
)
