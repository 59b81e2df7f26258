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
	// Noted makes yourturn_odd_stories count it: polls note it of stories. What they
	// note of the whole Jira has metrics of its own.
	Noted bool
}

// Reasons is the table of all reasons of the audit: those that a story's events
// show, those that several stories and the ledger show, and those that polls note.
func Reasons() []Reason {
	return []Reason{
		{Code: latency.FindLastStatus, Meaning: "the last recorded status is not the one that Jira shows", Doubtful: true, Zero: true},
		{Code: latency.FindBrokenChain, Meaning: "a status move does not begin where the last one ended", Doubtful: true, Zero: true},
		{Code: latency.FindSameInstant, Meaning: "two history records have the same instant; their ids decide the order"},
		{Code: latency.FindUnknownStatus, Meaning: "Jira does not list this status", Doubtful: true, Zero: true},
		{Code: latency.FindStatusName, Meaning: "a record bears the name of another status of today; its id counts, or, if the story was imported from another Jira later, its name", Doubtful: true},
		{Code: latency.FindBeforeCreated, Meaning: "an event is older than its story, which begins at its creation with the fields as they were then"},
		{Code: latency.FindNoActor, Meaning: "Jira does not say who moved or commented, because the account was deleted or is hidden; it is nobody's verdict", Doubtful: true},
		{Code: latency.FindMigration, Meaning: "a workflow migration moved the story to another status, type or project", Doubtful: true},
		{Code: latency.FindExitByDefault, Meaning: "an acceptance is one only because the new status is of category *done*"},
		{Code: latency.FindBulk, Meaning: "one actor ended the waits of more than 20 stories within one minute of the clock, in the last 90 days", Doubtful: true},
		{Code: latency.FindCorrected, Meaning: "the ledger counted what the events no longer say, or did not count what they say now", Doubtful: true},
		{Code: latency.FindNoAcceptance, Meaning: "no story of the project ever waited for acceptance; its acceptance statuses may be the wrong ones", Doubtful: true},
		{Code: latency.FindOwnerFieldEmpty, Meaning: "the owner field is empty on 90 % or more of the project's stories, and on their parents; of at least 5 stories that were in work or waited in the last 90 days", Doubtful: true},
		{Code: latency.FindMostlyUnowned, Meaning: "half or more of the project's waits are unowned; of at least 5 waits in the last 90 days", Doubtful: true},
		{Code: latency.FindInactiveOwner, Meaning: "somebody waits for an owner whose account is closed", Doubtful: true},
		{Code: latency.FindNoParent, Meaning: "the owner was looked for at a parent that the account may not see; the parent counts as unset", Doubtful: true},
		{Code: latency.FindGone, Meaning: "the story was deleted or can no longer be seen; its waits are withdrawn", Doubtful: true},
		{Code: jiradata.NoteInvisible, Meaning: "the story exists and the account may no longer see it; its waits stay as they were", Doubtful: true, Noted: true},
		{Code: jiradata.NoteCommentsShort, Meaning: "Jira counts more comments than it gives; an answer may be missing", Doubtful: true, Zero: true, Noted: true},
		{Code: jiradata.NoteMistimed, Meaning: "Jira says that a comment was edited before it was made; its instants cannot be right", Doubtful: true, Noted: true},
		{Code: jiradata.NoteQuarantined, Meaning: "the issue could not be read; all others were", Doubtful: true, Zero: true, Noted: true},
		{Code: jiradata.NoteLate, Meaning: "Jira's search showed the story, or a change of it, later than it should have, or only the census did; listed until the census after the next", Doubtful: true, Noted: true},
		{Code: jiradata.NoteCensusGuard, Meaning: "a census would have removed too many stories, and removed none", Doubtful: true, Noted: true},
		{Code: jiradata.NoteFailed, Meaning: "no poll has been complete since then; the numbers are those of the last complete one", Doubtful: true},
		{Code: jiradata.NoteWarned, Meaning: "Jira warns of the searches of polls, for instance of a part of `jira.jql` that it does not know", Doubtful: true},
		{Code: jiradata.NoteZoned, Meaning: "this Jira does not understand instants in queries, and is asked in the time zone of the account's profile"},
	}
}
