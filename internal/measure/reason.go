package measure

import (
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Reason is why the audit lists something.
type Reason struct {
	Code    string // as waits --audit, po_audit_findings and the page /sync show it
	Short   string // Meaning in few words, for a table of many
	Meaning string // a clause: what was found
	Remedy  string // a sentence: what somebody can do about it
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
		{Code: latency.FindLastStatus, Short: "last move is not today's status", Meaning: "the last recorded status is not the one that Jira shows", Remedy: "Look at the story in Jira. Its history may have been cut; the next change of the story reads it again.", Doubtful: true, Zero: true},
		{Code: latency.FindBrokenChain, Short: "status moves do not join up", Meaning: "a status move does not begin where the last one ended", Remedy: "Look at the story in Jira: a record is missing from its history, or an import made it. Nothing can be read that Jira does not have.", Doubtful: true, Zero: true},
		{Code: latency.FindSameInstant, Short: "two changes at the same moment", Meaning: "two history records have the same instant; their ids decide the order", Remedy: "Nothing, unless the order on the story's page is not the one that happened."},
		{Code: latency.FindUnknownStatus, Short: "status that Jira does not list", Meaning: "Jira does not list this status", Remedy: "Let the account see the project, or find out whether the status was deleted. If it is of this project, name it in the config by its id.", Doubtful: true, Zero: true},
		{Code: latency.FindStatusName, Short: "status name reused since", Meaning: "a history record gives a status a name that belongs to another status today; it is read by its id, or by its name if the story was imported from another Jira later", Remedy: "Compare the story with its history in Jira. If one status took over another's name, name both by their ids in the config.", Doubtful: true},
		{Code: latency.FindBeforeCreated, Short: "event older than its story", Meaning: "an event is older than its story, which begins at its creation with the fields as they were then", Remedy: "Nothing: imports bring such events."},
		{Code: latency.FindNoActor, Short: "Jira does not say who acted", Meaning: "Jira does not say who moved or commented, because the account was deleted or is hidden; it is nobody's verdict", Remedy: "Nothing where the account was deleted. Otherwise let the account that reads Jira see its users.", Doubtful: true},
		{Code: latency.FindMigration, Short: "moved when its workflow changed", Meaning: "a workflow migration moved the story to another status, type or project", Remedy: "Nothing if the workflow was changed on that day. The waits that it ended do not count as verdicts.", Doubtful: true},
		{Code: latency.FindExitByDefault, Short: "accepted: moved to a done status", Meaning: "a move counts as an acceptance only because the new status is of category *done*", Remedy: "Nothing if such moves do accept. If they do not, acceptances are overcounted: list the statuses that accept in accepted_statuses, and those that withdraw in withdrawn_statuses; check --online lists all exits."},
		{Code: latency.FindBulk, Short: "many waits ended at once", Meaning: "one actor ended the waits of more than 20 stories within one minute of the clock, in the last 90 days", Remedy: "Ask who did it. If it was tidying up, read the verdicts of that minute as none.", Doubtful: true},
		{Code: latency.FindCorrected, Short: "counted, and known better since", Meaning: "the ledger counted what the events no longer say, or did not count what they say now", Remedy: "Nothing after a change of the config or a correction in Jira. To have counters begin anew by what is known now: yourturn sync --recount.", Doubtful: true},
		{Code: latency.FindNoAcceptance, Short: "no story was ever in acceptance", Meaning: "no story of the project ever waited for acceptance; its acceptance statuses may be the wrong ones", Remedy: "Name the statuses in which stories wait for the owner in acceptance_statuses; check --online lists them. If there is none: acceptance_statuses: [].", Doubtful: true},
		{Code: latency.FindOwnerFieldEmpty, Short: "owner field mostly empty", Meaning: "the owner field is empty on 90 % or more of the project's stories, and on their parents; of at least 5 stories that were in work or waited in the last 90 days", Remedy: "Name the field that holds the owner in owner_field, or the owner of the project under projects.KEY.owner.", Doubtful: true},
		{Code: latency.FindMostlyUnowned, Short: "waits mostly unowned", Meaning: "half or more of the project's waits are unowned; of at least 5 waits in the last 90 days", Remedy: "Name an owner of the project under projects.KEY.owner, or another owner_field.", Doubtful: true},
		{Code: latency.FindInactiveOwner, Short: "owner's account is closed", Meaning: "somebody waits for an owner whose account is closed", Remedy: "Give the story another owner in Jira, or name who owns the project now in the config.", Doubtful: true},
		{Code: latency.FindNoParent, Short: "parent that cannot be seen", Meaning: "the owner was looked for at a parent that the account may not see; the parent counts as unset", Remedy: "Let the account that reads Jira see the project of the parent, or set the owner on the story itself.", Doubtful: true},
		{Code: latency.FindGone, Short: "story deleted or hidden", Meaning: "the story was deleted or can no longer be seen; its waits are withdrawn", Remedy: "Nothing if it was deleted. If it was hidden: let the account see it again.", Doubtful: true},
		{Code: jiradata.NoteInvisible, Short: "story that may not be seen", Meaning: "the story exists and the account may no longer see it; its waits stay as they were", Remedy: "Let the account that reads Jira see the story again: a permission or a security level keeps it out.", Doubtful: true, Noted: true},
		{Code: jiradata.NoteCommentsShort, Short: "comments missing", Meaning: "Jira counts more comments than it gives; an answer may be missing", Remedy: "Let the account see comments that are kept to a role or a group, if they should count.", Doubtful: true, Zero: true, Noted: true},
		{Code: jiradata.NoteMistimed, Short: "edit older than its comment", Meaning: "Jira says that a comment was edited before it was made; its instants cannot be right", Remedy: "Nothing that yourturn can mend: the times are Jira's.", Doubtful: true, Noted: true},
		{Code: jiradata.NoteQuarantined, Short: "issue that could not be read", Meaning: "the issue could not be read; all others were", Remedy: "Read the reason below. It is tried again when the issue changes, and with each census.", Doubtful: true, Zero: true, Noted: true},
		{Code: jiradata.NoteLate, Short: "Jira's search was late", Meaning: "Jira's search showed the story, or a change of it, later than it should have, or only the census did; listed until the census after the next", Remedy: "Nothing if it is rare. If it is not, raise jira.overlap: Jira's search index lags.", Doubtful: true, Noted: true},
		{Code: jiradata.NoteCensusGuard, Short: "too many stories vanished at once", Meaning: "a census would have removed too many stories, and removed none", Remedy: "Find out whether the account lost a permission. If the stories are really gone, raise jira.census_max_removed for one census.", Doubtful: true, Noted: true},
		{Code: jiradata.NoteFailed, Short: "polls fail", Meaning: "no poll has been complete since then; the numbers are those of the last complete one", Remedy: "Look at Sync: it says why, and when it is tried again.", Doubtful: true},
		{Code: jiradata.NoteWarned, Short: "Jira warns of a search", Meaning: "Jira warns of the searches of polls, for instance of a part of `jira.jql` that it does not know", Remedy: "Read the warning, and mend jira.jql.", Doubtful: true},
		{Code: jiradata.NoteZoned, Short: "Jira asked in the account's zone", Meaning: "this Jira does not understand instants in queries, and is asked in the time zone of the account's profile", Remedy: "Nothing, unless the profile's time zone of the account is changed: then restart."},
	}
}
