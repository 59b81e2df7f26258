package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// term is a name as metrics write it, and as people read it; color is "" where the
// name has none of its own.
type term struct {
	label, words, color string
}

// stages are the stages of cycle time, in the order of the work.
func stages() []term {
	return []term{
		{"backlog", "back in the backlog", colorBacklog},
		{"development", "development", colorWork},
		{"review", "review", colorReview},
		{"test", "test", colorTest},
		{"blocked", "blocked", colorBlocked},
		{"owner", "waiting for the owner", colorOwner},
		{"owner_question", "a question is open", colorOwnerMost},
		{"release", "release", colorRelease},
	}
}

// kinds are the kinds of wait.
func kinds() []term {
	return []term{
		{"acceptance", "acceptance", colorOwner},
		{"question", "question", colorOwnerMost},
	}
}

// roles are the roles of those who end a wait.
func roles() []term {
	return []term{
		{"owner", "by the owner", colorOwner},
		{"delegate", "by a delegate", colorDelegate},
		{"other", "by others", colorOther},
		{"automation", "by automation", colorSeries},
	}
}

// outcomes are the ways in which a wait ends.
func outcomes() []term {
	return []term{
		{label: "accepted", words: "accepted"},
		{label: "rejected", words: "rejected"},
		{label: "answered", words: "answered"},
		{label: "recalled", words: "recalled by the team"},
		{label: "resolved", words: "resolved by others"},
		{label: "withdrawn", words: "withdrawn, nothing to decide"},
		{label: "handed_over", words: "handed over"},
		{label: "obsolete", words: "obsolete, the story is over"},
		{label: "lapsed", words: "lapsed, nobody went on"},
	}
}

// doubts are the reasons of the audit that may make numbers wrong.
func doubts() []term {
	return []term{
		{label: "last_status", words: "last move is not today's status"},
		{label: "broken_chain", words: "status moves do not join up"},
		{label: "comments_short", words: "comments missing"},
		{label: "comment_times", words: "edit older than its comment"},
		{label: "unknown_status", words: "status that Jira does not list"},
		{label: "status_name", words: "status name reused since"},
		{label: "unresolved_actor", words: "Jira does not say who acted"},
		{label: "quarantined", words: "issue that could not be read"},
		{label: "migration", words: "moved when its workflow changed"},
		{label: "bulk", words: "many waits ended at once"},
		{label: "corrected", words: "counted, and known better since"},
		{label: "no_acceptance", words: "no story was ever in acceptance"},
		{label: "owner_field_empty", words: "owner field mostly empty"},
		{label: "mostly_unowned", words: "waits mostly unowned"},
		{label: "inactive_owner", words: "owner's account is closed"},
		{label: "parent_invisible", words: "parent that cannot be seen"},
		{label: "gone", words: "story deleted or hidden"},
		{label: "invisible", words: "story that may not be seen"},
		{label: "census_guard", words: "too many stories vanished at once"},
		{label: "late", words: "Jira's search was late"},
		{label: "poll_failed", words: "polls fail"},
		{label: "search_warning", words: "Jira warns of a search"},
	}
}

// oddities are those that make none wrong.
func oddities() []term {
	return []term{
		{label: "same_instant", words: "two changes at the same moment"},
		{label: "before_created", words: "event older than its story"},
		{label: "exit_by_default", words: "accepted: moved to a done status"},
		{label: "zone_literals", words: "Jira asked in the account's zone"},
	}
}

// reasons are all reasons of the audit.
func reasons() []term { return append(doubts(), oddities()...) }

// anyOf returns a regular expression of the labels of terms.
func anyOf(list []term) string {
	labels := make([]string, len(list))
	for i, t := range list {
		labels[i] = t.label
	}
	return strings.Join(labels, "|")
}

// inWords maps the names in a column to words.
func inWords(list []term) []dashboard.ValueMapping {
	options := make(map[string]dashboard.ValueMappingResult, len(list))
	for i, t := range list {
		options[t.label] = dashboard.ValueMappingResult{Text: cog.ToPtr(t.words), Index: cog.ToPtr(int32(i))}
	}
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: "value", Options: options}}}
}
