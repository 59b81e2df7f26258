package measure

import (
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Reason is why the audit lists something.
type Reason struct {
	Code    string // as waits --audit, po_audit_findings and the page /sync show it
	Meaning string // a clause: what was found
	// Doubtful reports whether it may make numbers wrong: Jira showed less, or
	// something else, than there was. The log warns of each new one.
	Doubtful bool
	// Zero makes po_audit_findings 0 where there is none, so that an alert on an
	// increase sees the first.
	Zero bool
}

// Reasons is the table of all reasons of the audit: those that a story's events
// show, those that several stories and the ledger show, and those that polls note.
func Reasons() []Reason {
	return []Reason{
		{latency.FindLastStatus, "the last recorded status is not the one that Jira shows", true, true},
		{latency.FindBrokenChain, "a status move does not begin where the last one ended", true, true},
		{latency.FindSameInstant, "two history records have the same instant; their ids decide the order", false, false},
		{latency.FindUnknownStatus, "Jira does not list this status", true, true},
		{latency.FindStatusName, "a record bears the name of another status of today; its id counts, or, if the story was imported from another Jira later, its name", true, false},
		{latency.FindBeforeCreated, "an event is older than its story, which begins at its creation with the fields as they were then", false, false},
		{latency.FindNoActor, "Jira does not say who moved or commented, because the account was deleted or is hidden; it is nobody's verdict", true, false},
		{latency.FindMigration, "a workflow migration moved the story to another status, type or project", true, false},
		{latency.FindExitByDefault, "an acceptance is one only because the new status is of category *done*", false, false},
		{latency.FindBulk, "one actor ended the waits of more than 20 stories within one minute of the clock, in the last 90 days", true, false},
		{latency.FindCorrected, "the ledger counted what the events no longer say, or did not count what they say now", true, false},
		{latency.FindInactiveOwner, "somebody waits for an owner whose account is closed", true, false},
		{latency.FindNoParent, "the owner was looked for at a parent that the account may not see; the parent counts as unset", true, false},
		{latency.FindGone, "the story was deleted or can no longer be seen; its waits are withdrawn", true, false},
		{jiradata.NoteInvisible, "the story exists and the account may no longer see it; its waits stay as they were", true, false},
		{jiradata.NoteCommentsShort, "Jira counts more comments than it gives; an answer may be missing", true, true},
		{jiradata.NoteMistimed, "Jira says that a comment was edited before it was made; its instants cannot be right", true, false},
		{jiradata.NoteQuarantined, "the issue could not be read; all others were", true, true},
		{jiradata.NoteLate, "Jira's search showed the story, or a change of it, later than it should have, or only the census did; listed until the census after the next", true, false},
		{jiradata.NoteCensusGuard, "a census would have removed too many stories, and removed none", true, false},
		{jiradata.NoteFailed, "no poll has been complete since then; the numbers are those of the last complete one", true, false},
		{jiradata.NoteWarned, "Jira warns of the searches of polls, for instance of a part of `jira.jql` that it does not know", true, false},
		{jiradata.NoteZoned, "this Jira does not understand instants in queries, and is asked in the time zone of the account's profile", false, false},
	}
}
