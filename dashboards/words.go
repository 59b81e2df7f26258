package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/yourturn/yourturn/internal/measure"
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

// reasons are the reasons of the audit: first those that may make numbers wrong.
func reasons() []term { return append(doubts(), oddities()...) }

// doubts are the reasons of the audit that may make numbers wrong.
func doubts() []term {
	return reasonsThat(func(r measure.Reason) bool { return r.Doubtful })
}

// oddities are those that make none wrong.
func oddities() []term {
	return reasonsThat(func(r measure.Reason) bool { return !r.Doubtful })
}

func reasonsThat(are func(measure.Reason) bool) []term {
	var out []term
	for _, r := range measure.Reasons() {
		if are(r) {
			out = append(out, term{label: r.Code, words: r.Short})
		}
	}
	return out
}

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
